"""The Celery app: JSON only, late acks, no results, four queues. Redis only rings the bell; the truth is in SQL."""

import logging
import os
import sys
import warnings
from functools import cache
from typing import Any

import redis
from celery import Celery
from celery.signals import celeryd_after_setup, setup_logging, worker_ready
from django.conf import settings
from kombu import Exchange, Queue
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

MAIL, BULK, FEEDS, DEFAULT = "mail", "bulk", "feeds", "default"
QUEUES = (MAIL, BULK, FEEDS, DEFAULT)
RING_SECONDS = 2
SWITCH_SECONDS = 0.00025  # Python's own: 0.005
BULK_NICENESS = 5  # a third of the processor time that web and `mail` get where all want it
BELL_PREFIX, BELL_MS = "syn:bell:", 2000

app = Celery("syndication")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "global_keyprefix": "syn:",
        "queue_order_strategy": "priority",
        # a dead worker's bell is rung again after this long; the tick is faster, so nothing waits for it
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 3,
        "socket_timeout": 30,
    },
    accept_content=["json"],
    task_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    worker_enable_remote_control=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_max_memory_per_child=300_000,  # KiB
    task_queues=[Queue(name, Exchange(name, type="direct"), routing_key=name) for name in QUEUES],
    task_default_queue=DEFAULT,
    task_default_exchange=DEFAULT,
    task_default_routing_key=DEFAULT,
    task_publish_retry=False,
    timezone="UTC",
    enable_utc=True,
    beat_max_loop_interval=1,
)

# Celery warns root users about pickle; this app accepts JSON only.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")

log = logging.getLogger("syndication.queue")


@setup_logging.connect
def _log_plainly(**_: object) -> None:
    """One line per event on standard error, for the supervisor or the container to collect."""
    logging.basicConfig(level=logging.INFO, format="%(levelname).1s %(name)s: %(message)s")
    logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)
    logging.getLogger("celery.app.trace").setLevel(logging.WARNING)
    logging.getLogger("celery.beat").setLevel(logging.WARNING)


@celeryd_after_setup.connect
def _let_people_go_first(instance: Any, **_: object) -> None:
    """A campaign may take minutes; whoever signs up, leaves or waits for a confirmation looks at the screen."""
    if set(instance.app.amqp.queues.consume_from) == {BULK}:
        os.setpriority(os.PRIO_PROCESS, 0, max(BULK_NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


@worker_ready.connect
def _take_turns_quickly(sender: Any, **_: object) -> None:
    """Threads of one worker hand Python's lock over more often: a transaction on SQLite needs it back after each of its statements."""
    if type(sender.pool).__module__ == "celery.concurrency.thread":
        sys.setswitchinterval(SWITCH_SECONDS)


def ring(task: str, *args: int | str, queue: str = DEFAULT) -> bool:
    """Put a task on a queue by name; False at once when the broker cannot be reached (the tick will find the row).

    task  full name, such as "syndication.tasks.tick"
    args  ids only
    """
    try:
        _doorbell().ping()  # fails at once, where kombu and redis-py would try again for seconds while a person waits
        app.send_task(task, args=args, queue=queue, routing_key=queue, retry=False)
    except (OperationalError, redis.RedisError, OSError) as error:
        log.info("%s waits for the next tick: the queue is not reachable (%s)", task, error)
        return False
    return True


def ring_once(bell: str, task: str, *, queue: str = DEFAULT) -> bool:
    """Ring for a task that takes all that waits, unless the same bell rings already and nobody has heard it; False as in `ring`.

    The task says `bell_heard` before it looks: what is committed before a ring that is left out is then always found.
    """
    try:
        if not _doorbell().set(BELL_PREFIX + bell, 1, nx=True, px=BELL_MS):
            return True
    except (redis.RedisError, OSError) as error:
        log.info("%s waits for the next tick: the queue is not reachable (%s)", task, error)
        return False
    return ring(task, queue=queue)


def bell_heard(bell: str) -> None:
    """Let `ring_once` ring anew. Without Redis the bell stops by itself soon."""
    try:
        _doorbell().delete(BELL_PREFIX + bell)
    except (redis.RedisError, OSError) as error:
        log.info("the bell %s rings on for %d ms: %s", bell, BELL_MS, error)


@cache
def _doorbell() -> redis.Redis:
    never = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(settings.REDIS_URL, retry=never, socket_connect_timeout=RING_SECONDS, socket_timeout=RING_SECONDS)
