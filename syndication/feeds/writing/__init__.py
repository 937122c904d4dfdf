"""What a feed says, and the three ways to write it down."""
