"""What a reader that polls is told: unchanged, in which encoding, or only what is new (RFC 9110, RFC 3229)."""
