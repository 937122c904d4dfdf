"""A worker whose tasks behave as badly as real ones may: `celery -A support.odd_tasks worker`; its beat never rings."""

import re
import threading
import time

import django
import redis
from celery import signals
from django.conf import settings

django.setup()

from syndication import watchdog  # noqa: E402  # as in worker.py
from syndication.queue import BULK, app  # noqa: E402

app.conf.beat_schedule = {"never": {"task": "odd.nothing", "schedule": 100_000.0}}
_consumers = []


@signals.worker_ready.connect
def _remember(sender, **_):
    _consumers[:] = [sender]


def note(key: str, text: str = "done") -> None:
    """Leave a note in the queue's server, which tests read."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.set(key, text)


@app.task(name="odd.answer", queue=BULK)
def answer(key):
    note(key)


@app.task(name="odd.hang", queue=BULK)
def hang():
    """Wait for what never comes, as a send to a dead server without a time-out would."""
    note("hangs")
    threading.Event().wait()


@app.task(name="odd.hold_the_interpreter", queue=BULK)
def hold_the_interpreter():
    """Keep every other thread of this process from running, for years."""
    note("holds")
    re.match(r"(a+)+$", "a" * 60 + "b")


@app.task(name="odd.stop_consuming", queue=BULK)
def stop_consuming():
    """What workers did by themselves after the queue's server had been away."""
    _consumers[0].task_consumer.cancel()
    note("deaf")


@app.task(name="odd.work_long", queue=BULK)
def work_long(seconds):
    """Work for longer than a standstill, and say so."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        watchdog.progress()
        threading.Event().wait(0.1)
    note("worked")
