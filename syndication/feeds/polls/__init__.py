"""Counts who polls the feeds: which programs, for how many people, how often in vain."""
