"""Tells Django that the whole package is one app."""

from django.apps import AppConfig


class SyndicationConfig(AppConfig):
    """The one app, label `syndication`."""

    name = "syndication"
    default_auto_field = "django.db.models.BigAutoField"
