"""Finds articles by their words, in many languages, the same way on both databases."""
