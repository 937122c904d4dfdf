"""The Celery entry: `celery -A worker worker -Q bulk` and `celery -A worker beat`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")
django.setup()

from syndication import tasks  # noqa: E402, F401  # registers every task; needs the app registry
from syndication.queue import app  # noqa: E402, F401
