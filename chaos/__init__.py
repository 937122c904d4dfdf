"""Breaks real installations on purpose while they send, and judges what arrived."""
