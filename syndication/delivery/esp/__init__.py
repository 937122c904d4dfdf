"""Hands messages to a provider's HTTP API, through django-anymail, with the outcomes that SMTP has."""
