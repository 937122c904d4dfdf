"""Finished documents, read again as a stranger would, before anybody else sees them."""
