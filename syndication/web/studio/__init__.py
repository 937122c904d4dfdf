"""The studio: the web pages on which staff write, plan, send and look after their readers."""
