"""A door: the studio, the public pages and the API."""
