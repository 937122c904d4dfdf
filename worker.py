"""The Celery entry: `celery -A worker worker -Q bulk` and `celery -A worker beat`."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")
os.environ["SYNDICATION_PROCESS"] = "worker"  # settings leave out what only the web needs
django.setup()
del os.environ["SYNDICATION_PROCESS"]  # programs that this one starts are none

from syndication import schema, tasks, watchdog  # noqa: E402, F401  # registers every task, watches this process; need the app registry
from syndication.queue import app  # noqa: E402, F401

try:
    schema.refuse_newer_tables()
except schema.NewerTables as error:
    sys.exit(f"Error: {error}")
