"""Speaks SMTP and LMTP over many kept connections at once, and types what became of each message."""
