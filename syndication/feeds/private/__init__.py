"""Feeds of one reader: an address that nobody can guess, with what the lists of that reader send; the bytes are shared by readers of the same lists."""
