"""The pages of subscribers: found, one, many at once, held back, and how their number grows."""
