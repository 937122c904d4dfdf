# The one image of every service in docker-compose.yml: the program, its pinned packages, nobody's root.
FROM python:3.11-slim

RUN useradd --uid 10001 --user-group --home-dir /data --create-home syndication \
    && mkdir /feeds && chown syndication:syndication /feeds

WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --only-binary :all: -r requirements.txt

COPY worker.py ./
COPY templates templates
COPY syndication syndication
RUN python -m compileall -q /app \
    && printf '#!/bin/sh\nexec python -m syndication "$@"\n' > /usr/local/bin/syndication \
    && chmod +x /usr/local/bin/syndication

ENV PYTHONPATH=/app PYTHONUNBUFFERED=1 DJANGO_SETTINGS_MODULE=syndication.settings \
    SYNDICATION_HOME=/data SYNDICATION_FEEDS=/feeds
# Named volumes take the owner of these folders when they are made.
VOLUME ["/data", "/feeds"]
USER syndication
CMD ["syndication", "--help"]
