"""Keeps addresses that must not be mailed; wins over everything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from syndication.articles.models import Publication
from syndication.audience import addresses
from syndication.audience.keys import address_hash
from syndication.audience.models import Suppression, SuppressionRecord
from syndication.audience.suppression.domain_rules import Taken, too_many_refused
from syndication.audience.suppression.reasons import OF_THE_PERSON, Reason, heaviest, standing
from syndication.errors import BadInput, NotFound, Refused

LONGEST_DETAIL = 300


@dataclass(frozen=True, slots=True)
class Scope:
    """Which address, as its keyed hash, and whose mail: one publication's, or (None) everybody's."""

    hashed: str
    publication_id: int | None = None

    @property
    def columns(self) -> dict[str, str | int | None]:
        """For the tables."""
        return {"address_hash": self.hashed, "publication_id": self.publication_id}


def suppress(
    address: str, *, reason: str, publication: Publication | None = None, detail: str = "", by: str = ""
) -> tuple[Suppression, bool]:
    """Never mail this address again: in one publication, or (None) in all. Returns the row and whether the reason is new.

    The address may be unknown here. An address may have several reasons; the row shows the heaviest, the history has all.
    Raises NotAnAddress, and BadInput for an unknown reason.
    """
    if reason not in Suppression.Reason.values:
        raise BadInput(f"{reason!r} is no reason for a suppression; use one of {', '.join(Suppression.Reason.values)}.")
    scope = Scope(address_hash(addresses.normalise(address)), publication.pk if publication else None)
    return suppress_hash(scope, reason=reason, detail=detail, by=by)


def suppress_hash(scope: Scope, *, reason: str, detail: str = "", by: str = "") -> tuple[Suppression, bool]:
    """The same for an address of which only the hash is at hand. Again is harmless and adds no second line to the history."""
    with transaction.atomic():
        row, is_new = _row(scope, reason, detail)
        if reason in _standing(row):
            if is_new:
                _record(scope, reason, detail=detail, by=by)
            return row, is_new
        _begin_history(row)
        _record(scope, reason, detail=detail, by=by)
        _show_heaviest(row)
    return row, True


def unsuppress(address: str, *, publication: Publication | None = None, by: str, note: str = "", own_word: bool = False) -> Suppression:
    """Staff takes back that an address is not mailed; the row as it was. It subscribes nobody: that takes the reader's own yes.

    own_word  the person asked for it (with `note`: how and when); without, what the person said cannot be taken back
    Raises NotAnAddress, NotFound, Refused (unsubscribed, complained or erased, without the person's word), BadInput (no note).
    """
    scope = Scope(address_hash(addresses.normalise(address)), publication.pk if publication else None)
    if own_word and not note.strip():
        raise BadInput("Say how and when the person asked for it; the note stays in the history.")
    with transaction.atomic():
        row = Suppression.objects.select_for_update().filter(**scope.columns).first()
        if row is None:
            where = f"by {publication.slug!r}" if publication else "everywhere"
            raise NotFound(f"This address is not suppressed {where}; nothing was changed.")
        reasons = _standing(row)
        said = sorted(reasons & OF_THE_PERSON)
        if said and not own_word:
            raise Refused(
                f"This address is suppressed because the person {_said(said)}. Only the person can take that back; "
                "if they asked for it, say so and note how and when. Nothing was changed."
            )
        lift(scope, reasons, detail=note, by=by)
    return row


def lift(scope: Scope, reasons: Iterable[str], *, detail: str = "", by: str = "") -> bool:
    """Take some reasons back; whether any of them stood. What stands besides goes on to hold the address back.

    For steps that know that a reason was wrong (an undone bounce); people come in by `unsuppress`.
    """
    with transaction.atomic():
        row = Suppression.objects.select_for_update().filter(**scope.columns).first()
        if row is None:
            return False
        taken = _standing(row) & set(map(Reason, reasons))
        if not taken:
            return False
        _begin_history(row)
        for reason in sorted(taken):
            _record(scope, reason, detail=detail, by=by, is_lifted=True)
        _show_heaviest(row)
    return True


def is_suppressed(hashed: str, publication_id: int) -> bool:
    """Whether a keyed hash is suppressed for a publication or everywhere."""
    return Suppression.objects.filter(Q(publication=None) | Q(publication_id=publication_id), address_hash=hashed).exists()


def suppress_lines(lines: Iterable[str], *, reason: str, publication: Publication | None = None, detail: str = "", by: str = "") -> Taken:
    """One address a line; empty lines and what follows a # are left out. Wrong lines are named and the others taken.

    Raises BadInput for too many lines or an unknown reason, before anything is changed.
    """
    taken = Taken()
    for number, line in enumerate(too_many_refused(lines), start=1):
        text = line.partition("#")[0].strip().strip('",;')
        if not text:
            continue
        try:
            _, is_new = suppress(text, reason=reason, publication=publication, detail=detail, by=by)
        except addresses.NotAnAddress as error:
            taken.refused.append({"line": number, "why": str(error)})
            continue
        taken.new, taken.unchanged = taken.new + is_new, taken.unchanged + (not is_new)
    return taken


def forget_details(hashed: str) -> None:
    """Take what was noted about an erased person out of the reasons and their history; the reasons stay."""
    Suppression.objects.filter(address_hash=hashed).update(detail="")
    SuppressionRecord.objects.filter(address_hash=hashed).update(detail="", by="")


def _row(scope: Scope, reason: str, detail: str) -> tuple[Suppression, bool]:
    """The row of an address, locked, and whether it was made now."""
    while True:
        try:
            with transaction.atomic():
                made = Suppression.objects.get_or_create(**scope.columns, defaults={"reason": reason, "detail": detail[:LONGEST_DETAIL]})
        except IntegrityError:  # the same suppression came from somewhere else at the same moment
            continue
        if made[1]:
            return made
        row = Suppression.objects.select_for_update().filter(pk=made[0].pk).first()
        if row is not None:  # else it was taken back just now
            return row, False


def _begin_history(row: Suppression) -> None:
    """A row from before there was a history is its first line."""
    scope = Scope(row.address_hash, row.publication_id)
    if not _history(scope):
        _record(scope, row.reason, detail=row.detail, at=row.since)


def _history(scope: Scope) -> list[SuppressionRecord]:
    return list(SuppressionRecord.objects.filter(**scope.columns).order_by("pk"))


def _standing(row: Suppression) -> set[Reason]:
    """The reasons in force; a row without a history has its own."""
    history = _history(Scope(row.address_hash, row.publication_id))
    return standing((one.reason, one.is_lifted) for one in history) | {Reason(row.reason)}


def _record(scope: Scope, reason: str, **fields: object) -> None:
    values: Mapping[str, object] = {"at": timezone.now(), **fields}
    detail = str(values.get("detail", ""))[:LONGEST_DETAIL]
    SuppressionRecord.objects.create(**scope.columns, **{**values, "reason": reason, "detail": detail})


def _show_heaviest(row: Suppression) -> None:
    """Let the row say the heaviest reason that stands; without any, the address is free."""
    history = _history(Scope(row.address_hash, row.publication_id))
    heavy = heaviest(standing((one.reason, one.is_lifted) for one in history))
    if heavy is None:
        Suppression.objects.filter(pk=row.pk).delete()
        return
    told = next(one for one in reversed(history) if one.reason == heavy and not one.is_lifted)
    row.reason, row.detail, row.since = heavy, told.detail, told.at
    row.save(update_fields=["reason", "detail", "since"])


def _said(reasons: list[Reason]) -> str:
    words = {Reason.UNSUBSCRIBED: "unsubscribed", Reason.COMPLAINED: "complained", Reason.ERASED: "was erased by wish"}
    return " and ".join(words[one] for one in reasons)
