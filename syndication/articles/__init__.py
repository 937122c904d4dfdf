"""What we publish: bring an article in, clean it, revise it."""
