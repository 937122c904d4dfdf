"""The WSGI application that granian serves: feeds from their files, the hub and one-clicks at once, everything else by Django."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")
_django = get_wsgi_application()

from django.conf import settings  # noqa: E402  # settings exist from here on

from syndication import schema  # noqa: E402
from syndication.feeds.polls.counting import Polls  # noqa: E402
from syndication.feeds.polls.keep import keep  # noqa: E402
from syndication.queue import SWITCH_SECONDS  # noqa: E402
from syndication.web.feeds import FeedsFirst  # noqa: E402
from syndication.web.hub import HubFirst  # noqa: E402
from syndication.web.old_hosts import OldHostsFirst  # noqa: E402
from syndication.web.one_click import OneClickFirst  # noqa: E402

sys.setswitchinterval(SWITCH_SECONDS)  # threads take turns quickly: see queue.py

try:
    schema.refuse_newer_tables()
except schema.NewerTables as error:
    sys.exit(f"Error: {error}")

_present = FeedsFirst(HubFirst(OneClickFirst(_django)), settings.FEEDS, Polls(keep))
application = OldHostsFirst(_present, settings.OLD_HOSTS, settings.BASE_URL)
