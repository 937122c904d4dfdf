"""Brings tables of readers in: looks at the file, asks which column is what, counts first, and can take all of it back."""
