"""Takes groups of rows into the tables: looks up who is there, decides, and writes all of a group in one transaction or nothing."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from syndication.audience import addresses, tokens
from syndication.audience.imports import lookup, many_rows
from syndication.audience.imports.decide import LONGEST_LOCALE, LONGEST_ZONE, Decision, Facts, Known, Person, Refusal, Wish, decide
from syndication.audience.imports.hashing import hasher
from syndication.audience.imports.seen import Seen
from syndication.audience.models import ConsentRecord, ImportChange, ImportJob, Subscriber, SubscriberList, Subscription, Suppression
from syndication.audience.suppression import domain_rules
from syndication.audience.table.rows import LONGEST_NAME, Row
from syndication.errors import Refused

HOW = "import"
TRIES = 5  # of a group whose readers somebody else changed at the same moment


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the rows go and how. `job` is named in consent records, so that the import can be told and taken back."""

    to: SubscriberList
    confirmed: bool
    dry_run: bool
    now: datetime
    job: ImportJob | None = None
    suppresses_left: bool = False


@dataclass(slots=True)
class Outcome:
    """What came of a group."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    suppressed: int = 0
    refused: list[Refusal] = field(default_factory=list)


class Group(NamedTuple):
    """Rows that have been looked at, but not yet in the database."""

    people: Sequence[Person]
    refused: list[Refusal]


class Taker:
    """Takes the groups of one table, one after the other.

    plan  where to and how
    seen  the addresses of the rows before
    """

    def __init__(self, plan: Plan, seen: Seen) -> None:
        self._plan, self._seen = plan, seen
        self._hashed = hasher(tokens.derive(settings.SECRET_KEY, "address"))
        self._domains = domain_rules.rules_of(plan.to.publication_id)
        self._wish = Wish(is_confirmed=plan.confirmed, suppresses_left=plan.suppresses_left)
        self._is_key_known = False

    def prepare(self, rows: Iterable[Row]) -> Group:
        """Check addresses, hash them and find repeats; touches no database but the small one of `seen`."""
        people, wrong = self._people(rows)
        first, repeats = self._seen.without_repeats(people)
        return Group(first, wrong + repeats)

    def take(self, group: Group, now: datetime, *, also: Callable[[Outcome], None] = lambda _: None) -> Outcome:
        """Decide about each row and, unless it is a dry run, write.

        now   when: aware UTC, another moment for each group
        also  is called inside the transaction, with what came of the group: counts and rows are kept together or not at all
        Raises Refused when the readers were kept under another secret key.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                with transaction.atomic():
                    outcome = self._decided(group, now)
                    also(outcome)
            except (IntegrityError, OperationalError, _Overtaken) as error:
                if not tries_left or not _is_worth_another_try(error):
                    raise
                self._refuse_another_key(group.people)
            else:
                return outcome
        raise AssertionError  # the loop returns or raises

    def remember(self, rows: Iterable[Row]) -> None:
        """Note the addresses of rows that were taken before, and do nothing else."""
        self._seen.without_repeats(self._people(rows)[0])

    def _people(self, rows: Iterable[Row]) -> tuple[list[Person], list[Refusal]]:
        people, wrong = [], []
        normalise, hashed, made = addresses.normalise, self._hashed, Person._make
        for row in rows:
            if row.problem:
                wrong.append(Refusal(row.line, row.address[:80], row.problem))
                continue
            try:
                known_as = normalise(row.address)
            except addresses.NotAnAddress as error:
                wrong.append(Refusal(row.line, row.address[:80], str(error)[:300]))
                continue
            people.append(made((known_as, hashed(known_as), row)))
        return people, wrong

    def _decided(self, group: Group, now: datetime) -> Outcome:
        hashes = [person.hashed for person in group.people]
        facts = Facts(
            known=lookup.known(hashes, self._plan.to.pk),
            suppressed=lookup.suppressed(hashes, self._plan.to.publication_id),
            domains=self._domains,
        )
        decision = decide(group.people, facts, self._wish)
        if decision.new and not self._is_key_known:
            self._refuse_another_key([person for person, _ in decision.new])
            self._is_key_known = True
        if not self._plan.dry_run:
            _Writing(self._plan, now).write(decision)
        return Outcome(
            new=len(decision.new) + len(decision.joining),
            updated=decision.updated,
            unchanged=decision.unchanged,
            suppressed=len(decision.suppressing),
            refused=sorted(group.refused + decision.refused),
        )

    def _refuse_another_key(self, people: Sequence[Person]) -> None:
        """Raises Refused when an address is there under the hash of another key."""
        if lookup.kept_otherwise({person.address: person.hashed for person in people}):
            raise Refused(
                "These readers were kept with another secret key, so suppressions cannot be met. Nothing was imported from here on; "
                "give back the key (`syndication doctor` says more)."
            )


class _Overtaken(DatabaseError):
    """Somebody changed a reader of the group between our look and our writing."""


def _is_worth_another_try(error: Exception) -> bool:
    """Whether somebody else's writing was in the way: the same address, a deadlock, a row that changed. Not: a server that is away."""
    cause = error.__cause__
    return isinstance(error, IntegrityError | _Overtaken) or getattr(cause, "sqlstate", "") in {"40P01", "40001"}


class _Writing:
    """Writes one decision, inside the transaction that is open."""

    def __init__(self, plan: Plan, now: datetime) -> None:
        self._plan, self._now = plan, now
        self._moment = str(connection.ops.adapt_datetimefield_value(now))

    def write(self, made: Decision) -> None:
        if made.updating:
            self._update(made)
        ids = self._add_subscribers(made)
        self._subscribe(made, ids)
        if made.moving:
            self._move(made.moving)
        if made.suppressing:
            self._suppress(made.suppressing)

    def _add_subscribers(self, made: Decision) -> Sequence[int]:
        if not made.new:
            return ()
        ids = many_rows.new_ids(Subscriber, len(made.new))
        rows = [
            (
                str(pk),
                uid,
                person.address,
                person.hashed,
                person.row.name[:LONGEST_NAME],
                person.row.locale[:LONGEST_LOCALE],
                person.row.time_zone[:LONGEST_ZONE],
                as_json(person.row.attributes) if person.row.attributes else "{}",
            )
            for pk, uid, (person, _) in zip(ids, _uids(len(made.new), self._now), made.new, strict=True)
        ]
        constants = {
            "state": Subscriber.State.ACTIVE.value,
            "tracking_consent": None,
            "links_revoked_at": None,
            "bounce_score": 0,
            "bounced_at": None,
            "created_at": self._moment,
            "updated_at": self._moment,
        }
        many_rows.load(Subscriber, ("id", "uid", "address", "address_hash", "name", "locale", "time_zone", "attributes"), rows, constants)
        return ids

    def _subscribe(self, made: Decision, ids: Sequence[int]) -> None:
        """Subscriptions of the new and of those who join, each with its record."""
        who = [(pk, person.row, state) for pk, (person, state) in zip(ids, made.new, strict=True)]
        who += [(known.subscriber_id, row, state) for known, row, state in made.joining]
        if not who:
            return
        subscriptions = many_rows.new_ids(Subscription, len(who))
        each = Subscription.Frequency.EACH.value
        with_day = [(pk, *one) for pk, one in zip(subscriptions, who, strict=True) if one[1].paused_until]
        without = [(pk, *one) for pk, one in zip(subscriptions, who, strict=True) if not one[1].paused_until] if with_day else None
        same = {"list_id": self._plan.to.pk, "changed_at": self._moment, "created_at": self._moment}
        columns = ("id", "subscriber_id", "state", "frequency")
        if without is None:
            plain = [(str(pk), str(of), state, row.frequency or each) for pk, (of, row, state) in zip(subscriptions, who, strict=True)]
        else:
            plain = [(str(pk), str(of), state, row.frequency or each) for pk, of, row, state in without]
            paused = [(str(pk), str(of), state, row.frequency or each, row.paused_until) for pk, of, row, state in with_day]
            many_rows.load(Subscription, (*columns, "paused_until"), paused, same)
        many_rows.load(Subscription, columns, plain, same | {"paused_until": None})
        self._record([(str(pk), state) for pk, (_, _, state) in zip(subscriptions, who, strict=True)])

    def _move(self, moving: list[tuple[Known, str]]) -> None:
        moved = 0
        for state in {state for _, state in moving}:
            ids = sorted(known.subscription_id or 0 for known, to in moving if to == state)
            still = Subscription.objects.filter(pk__in=ids, state=Subscription.State.PENDING)
            moved += still.update(state=state, changed_at=self._now)
        if moved != len(moving):
            raise _Overtaken
        self._record([(str(known.subscription_id), state) for known, state in moving])

    def _record(self, rows: list[tuple[str, str]]) -> None:
        job = self._plan.job
        constants = {
            "how": HOW,
            "detail": "",
            "wording_id": None,
            "network": "",
            "import_job_id": job.pk if job else None,
            "at": self._moment,
        }
        many_rows.load(ConsentRecord, ("subscription_id", "state"), rows, constants)

    def _update(self, made: Decision) -> None:
        """What rows say that the subscribers did not have; what was there before is kept with the job."""
        made.updating.sort(key=lambda pair: pair[0].subscriber_id)
        statement = """UPDATE syndication_subscriber SET name = %s, locale = %s, time_zone = %s, attributes = %s, updated_at = %s
            WHERE id = %s AND updated_at = %s"""
        moment = connection.ops.adapt_datetimefield_value
        values = [
            (after.name, after.locale, after.time_zone, json.dumps(dict(after.attributes)), moment(self._now), known.subscriber_id, moment(known.updated_at))
            for known, after in made.updating
        ]  # fmt: skip
        with connection.cursor() as cursor:
            cursor.executemany(statement, values)
            if cursor.rowcount != len(values):
                raise _Overtaken
        if self._plan.job is not None:
            before = [(str(known.subscriber_id), _as_it_was(known)) for known, _ in made.updating]
            many_rows.load(ImportChange, ("subscriber_id", "before"), before, {"job_id": self._plan.job.pk, "at": self._moment})

    def _suppress(self, suppressing: list[tuple[str, str]]) -> None:
        """Those who left elsewhere, by this publication; the detail tells the import."""
        Suppression.objects.bulk_create(
            [
                Suppression(address_hash=hashed, publication_id=self._plan.to.publication_id, reason=reason, detail=suppression_detail(self._plan.job))
                for hashed, reason in suppressing
            ],
            ignore_conflicts=True,
        )  # fmt: skip


def suppression_detail(job: ImportJob | None) -> str:
    """How a suppression says that an import made it."""
    return f"said by import {job.pk}" if job else "said by an import"


def _as_it_was(known: Known) -> str:
    fields: dict[str, Any] = {"name": known.name, "locale": known.locale, "time_zone": known.time_zone}
    return json.dumps(fields | {"attributes": dict(known.attributes)})


def as_json(attributes: Mapping[str, Any]) -> str:
    """What json.dumps gives, in a third of its time when all values are text."""
    for value in attributes.values():
        if type(value) is not str:
            return json.dumps(dict(attributes))
    return "{" + ", ".join([f"{quoted(key)}: {quoted(value)}" for key, value in attributes.items()]) + "}"


def _uids(count: int, now: datetime) -> Iterable[str]:
    """Ids that nobody can guess, near each other in the index: UUID version 7 (RFC 9562 5.7), 72 random bits each."""
    begin = f"{int(now.timestamp() * 1000):012x}7"
    chance = os.urandom(9 * count).hex()
    return [f"{begin}{chance[at : at + 3]}8{chance[at + 3 : at + 18]}" for at in range(0, 18 * count, 18)]
