"""Tells a supervisor or a load balancer whether this process is alive and whether it can work."""

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

PATIENCE_SECONDS = 2
FINE = "ok"

log = logging.getLogger("syndication.health")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """200 while the process answers at all; asks nobody else."""
    return HttpResponse(FINE, content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """200 when the database, its migrations and the queue are there, else 503; each check says "ok" or what is wrong."""
    checks = {name: check() for name, check in _CHECKS.items()}
    ready = set(checks.values()) == {FINE}
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return _trouble("the database does not answer", error)
    return FINE


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InconsistentMigrationHistory) as error:
        return _trouble("the tables cannot be read", error)
    return f"{len(missing)} to do: run `syndication migrate`" if missing else FINE


def _queue() -> str:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS) as client:
            client.ping()
    except redis.RedisError as error:
        return _trouble("the queue does not answer", error)
    return FINE


def _trouble(what: str, error: Exception) -> str:
    """Details go to the log: they may name hosts and users, and this page is open to all."""
    log.warning("%s: %s", what, error)
    return what


_CHECKS: dict[str, Callable[[], str]] = {"database": _database, "migrations": _migrations, "queue": _queue}
