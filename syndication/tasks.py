"""The score: every background step, in the order in which an article meets it."""
