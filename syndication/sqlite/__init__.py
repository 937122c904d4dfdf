"""Django's SQLite backend with a wait of its own for the database's lock."""
