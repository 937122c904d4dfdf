"""How each source form (plain text, Markdown, HTML) is read into blocks."""
