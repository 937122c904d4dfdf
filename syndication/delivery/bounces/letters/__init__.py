"""What a mail that came back says, about which copy, and how it is kept: read by ideas, never acted on."""
