"""Looks at every part of an installation and says what is wrong and what to do."""

import os
import shutil
import socket
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from syndication.articles.models import Publication
from syndication.audience.keys import address_hash
from syndication.audience.models import Subscriber
from syndication.campaigns.models import User
from syndication.cli.which import UNSET_DOMAIN
from syndication.delivery.models import Mailing
from syndication.queue import QUEUES

OK, WARN, FAIL = "ok", "warn", "fail"
LEAST_FREE = 500 * 1024 * 1024  # bytes
PATIENCE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what, OK / WARN / FAIL, and what to do."""

    what: str
    verdict: str
    detail: str


def examine(*, now: datetime) -> list[Finding]:
    """Every check in order; a broken database leaves out what needs it."""
    checks: list[Callable[[], Finding]] = [_home, _disk, _secret, _database]
    findings = [check() for check in checks]
    if findings[-1].verdict == OK:
        findings += [_key_of_data(), _staff(), _senders(), _waiting(now)]
    return [*findings, _queue(), _smtp(), _base_url()]


def _home() -> Finding:
    for name, path in (("SYNDICATION_HOME", settings.HOME), ("SYNDICATION_FEEDS", settings.FEEDS)):
        if not os.access(path, os.W_OK):
            return Finding("folders", FAIL, f"{name} ({path}) is not writable; change its owner or name another folder")
    return Finding("folders", OK, f"{settings.HOME} and {settings.FEEDS} are writable")


def _disk() -> Finding:
    free = shutil.disk_usage(settings.HOME).free
    verdict = OK if free > LEAST_FREE else WARN
    return Finding("disk", verdict, f"{free // 2**20:,} MB free" + ("" if verdict == OK else "; make room before a large send"))


def _secret() -> Finding:
    path = settings.SECRET_KEY_FILE
    if not path.exists():
        return Finding("secret key", OK, "given by the environment")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding("secret key", FAIL, f"others can read {path} (mode {mode:04o}); run: chmod 600 {path}")
    return Finding("secret key", OK, "kept in the home, mode 0600; a backup holds it")


def _database() -> Finding:
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Finding("database", FAIL, f"cannot be reached: {str(error).strip()}; check DATABASE_URL")
    if missing:
        return Finding("database", FAIL, f"{len(missing)} migration(s) are missing; run: syndication migrate")
    return Finding("database", OK, f"{connection.vendor}, all migrations are in")


def _key_of_data() -> Finding:
    """Whether the keyed hashes in the tables were made with this secret key."""
    one = Subscriber.objects.filter(state=Subscriber.State.ACTIVE).first()
    if one is not None and address_hash(one.address) != one.address_hash:
        advice = "suppressions are not met and links do not open; give back the key these tables were made with (a backup holds it)"
        return Finding("secret key and data", FAIL, advice)
    return Finding("secret key and data", OK, "they belong together")


def _staff() -> Finding:
    owners = User.objects.filter(role=User.Role.OWNER, is_active=True).count()
    if not owners:
        return Finding("staff", WARN, "no owner yet; run: syndication user create YOU@EXAMPLE.ORG --role owner")
    return Finding("staff", OK, f"{owners} owner(s)")


def _senders() -> Finding:
    nameless = [one.slug for one in Publication.objects.filter(postal_address="").order_by("slug")]
    if nameless:
        return Finding("senders", WARN, f"no postal address in {', '.join(nameless)}; the law asks for one in each mail (16 CFR 316.5)")
    unset = [one.slug for one in Publication.objects.filter(mail_domain=UNSET_DOMAIN).order_by("slug")]
    if unset:
        return Finding("senders", WARN, f"{', '.join(unset)} would send as {UNSET_DOMAIN}; set the sender in the studio before real mail")
    return Finding("senders", OK, f"{Publication.objects.count()} publication(s) have a postal address")


def _waiting(now: datetime) -> Finding:
    waiting = list(Mailing.objects.filter(waits_until__gt=now).exclude(state=Mailing.State.CLOSED)[:3])
    if waiting:
        return Finding("sending", WARN, "; ".join(f"{one.key} waits: {one.waits_because}" for one in waiting))
    return Finding("sending", OK, "nothing waits for a server")


def _queue() -> Finding:
    where = "the embedded queue" if settings.EMBEDDED_QUEUE else "REDIS_URL"
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS)
        lengths = {name: int(client.llen(f"syn:{name}")) for name in QUEUES}
        client.close()
    except (redis.RedisError, OSError) as error:
        advice = "start it with: syndication up" if settings.EMBEDDED_QUEUE else "check the server"
        return Finding("queue", WARN, f"{where} does not answer ({error}); {advice}. Nothing is lost meanwhile")
    return Finding("queue", OK, f"{where} answers; waiting tasks: {', '.join(f'{name} {length}' for name, length in lengths.items())}")


def _smtp() -> Finding:
    where = "the mail catcher (no mail leaves this machine)" if settings.MAIL_CATCHER_ON else "SYNDICATION_SMTP_URL"
    try:
        with socket.create_connection((settings.SMTP.host, settings.SMTP.port), timeout=PATIENCE_SECONDS) as wire:
            greeting = wire.recv(200).decode("ascii", "replace").strip()
    except OSError as error:
        return Finding("SMTP", WARN, f"{where} at {settings.SMTP} does not answer ({error}); campaigns wait and say so")
    return Finding("SMTP", OK, f"{where} at {settings.SMTP} says {greeting[:60]!r}")


def _base_url() -> Finding:
    if settings.BASE_URL.startswith("https://"):
        return Finding("public address", OK, settings.BASE_URL)
    return Finding("public address", WARN, f"{settings.BASE_URL} is not https; one-click unsubscribe needs https (RFC 8058 3.1)")
