"""The SMTP servers that mail is handed to: which one serves whom, which rest, and how work is shared between them."""
