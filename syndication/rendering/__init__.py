"""An article, and a reader, become email HTML, text, page and feed HTML."""
