"""What a table of readers is, whoever wrote it: its form, its rows, its columns, and which of them becomes what."""
