"""Sets Django up for the command line; a wrong environment value names itself and stops with exit code 2."""

import os
import sys

import django

from syndication.errors import SyndicationError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")

try:
    django.setup()
except SyndicationError as error:
    sys.stderr.write(f"Error: {error}\n")
    sys.exit(2)
