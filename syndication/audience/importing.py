"""Brings rows of readers into a list at once: in groups, with exact counts, and never against a reader's word."""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import islice

from django.utils import timezone

from syndication.audience.imports import many_rows
from syndication.audience.imports.ahead import ahead
from syndication.audience.imports.seen import Seen
from syndication.audience.imports.take import Group, Outcome, Plan, Taker
from syndication.audience.models import ImportJob
from syndication.audience.table.rows import Row

__all__ = ["Counts", "Plan", "import_rows"]

GROUP = 10_000  # rows a transaction
KEPT_REFUSALS = 10_000  # of a file that is all wrong the rest is only counted


@dataclass(slots=True)
class Counts:
    """What an import did, or with a dry run would do. `refused` holds the first KEPT_REFUSALS of `refused_count`."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    suppressed: int = 0
    refused_count: int = 0
    refused: list[dict[str, int | str]] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """Rows looked at."""
        return self.new + self.updated + self.unchanged + self.refused_count

    @property
    def kept(self) -> dict[str, int]:
        """As the row of a job keeps them."""
        named = {name: getattr(self, name) for name in ("new", "updated", "unchanged", "suppressed")}
        return named | {"refused": self.refused_count}

    def add(self, outcome: Outcome) -> None:
        """Count a group in."""
        self.new += outcome.new
        self.updated += outcome.updated
        self.unchanged += outcome.unchanged
        self.suppressed += outcome.suppressed
        self.refused_count += len(outcome.refused)
        room = max(KEPT_REFUSALS - len(self.refused), 0)
        self.refused += [{"line": one.line, "why": one.why} for one in outcome.refused[:room]]


def import_rows(rows: Iterable[Row], plan: Plan, progress: Callable[[Counts], None] = lambda _: None) -> Counts:
    """Add or update each row's reader on the list; `progress` hears the counts after each group.

    Readers who left, suppressed addresses and blocked domains are refused with the reason; with `confirmed` off, new ones are pending.
    A dry run writes nothing, and its counts are exact.
    """
    counts, number, rest = Counts(), 0, iter(rows)
    with Seen() as seen, many_rows.loading():
        taker = Taker(plan, seen)

        def prepared() -> Group | None:
            group = list(islice(rest, GROUP))
            return taker.prepare(group) if group else None

        with closing(ahead(prepared)) as groups:
            for group in groups:
                noting = partial(_note, plan.job, counts)
                counts.add(taker.take(group, plan.now + timedelta(microseconds=number), also=noting))
                number += 1
                progress(counts)
    return counts


def _note(job: ImportJob | None, before: Counts, outcome: Outcome) -> None:
    """Write the counts with the group into the job, in the group's own transaction."""
    if job is None:
        return
    after = replace(before, refused=[])
    after.add(outcome)
    ImportJob.objects.filter(pk=job.pk).update(position=after.seen, counts=after.kept, beat_at=timezone.now())
