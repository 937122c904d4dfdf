"""What is sent: content frozen once, and from it the exact bytes of each reader's copy."""
