"""The WSGI application that granian serves: feeds from their files, everything else by Django."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")
_django = get_wsgi_application()

from django.conf import settings  # noqa: E402  # settings exist from here on

from syndication.web.feeds import FeedsFirst  # noqa: E402

application = FeedsFirst(_django, settings.FEEDS)
