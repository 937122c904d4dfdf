"""Looks whether the world can verify a domain's keys, and puts those in use that it can."""

from dataclasses import dataclass
from datetime import datetime

from dns.resolver import Resolver

from syndication.delivery.signing.keys import is_locked
from syndication.delivery.signing.lookup import txt_records
from syndication.delivery.signing.models import SigningKey
from syndication.delivery.signing.record import LONGEST_NAME, record_name, what_is_wrong
from syndication.delivery.signing.rotate import keys_of, put_in_use
from syndication.errors import Unreachable

PUBLISHED, MISSING, WRONG, UNREACHABLE, LOCKED = "published", "missing", "wrong", "unreachable", "locked"


@dataclass(slots=True)
class Checked:
    """What was found about one key.

    verdict   PUBLISHED, MISSING, WRONG, UNREACHABLE or LOCKED
    detail    what is wrong and what to do; empty for PUBLISHED
    is_taken  it was waiting and is in use from now on
    replaced  the key that this one took the place of, and which is retired now
    """

    key: SigningKey
    verdict: str
    detail: str = ""
    is_taken: bool = False
    replaced: SigningKey | None = None


def check(domain: str, resolver: Resolver, *, now: datetime) -> list[Checked]:
    """Look up every key of the domain that is not retired; the newest published one that waits, of each algorithm, is put in use.

    A key in use stays so whatever is found: DNS may be wrong for a moment, and unsigned mail is no better.
    Raises NotFound when the domain has no key, BadDomain.
    """
    found = [_look_up(row, resolver) for row in keys_of(domain) if not row.retired_at]
    in_use = {one.key.algorithm: one.key.pk for one in found if one.key.is_active}
    ready = {one.key.algorithm: one for one in found if one.verdict == PUBLISHED and not one.key.is_active}  # the newest is last
    for algorithm, one in ready.items():
        if one.key.pk > in_use.get(algorithm, 0):
            one.replaced = put_in_use(one.key, now=now)
            one.is_taken = True
    return [one for one in found if one.key.pk not in {other.replaced.pk for other in found if other.replaced}]


def _look_up(row: SigningKey, resolver: Resolver) -> Checked:
    name = record_name(row.selector, row.domain)
    try:
        records = txt_records(name, resolver)
        doubled = f"{name}.{row.domain}"  # what forms that add the domain by themselves make of the whole name
        misplaced = not records and len(doubled) <= LONGEST_NAME and bool(txt_records(doubled, resolver))
    except Unreachable as error:
        return Checked(row, UNREACHABLE, str(error))
    if misplaced:
        return Checked(row, MISSING, f"the record stands at {doubled}: enter its name without .{row.domain} in the DNS form")
    if not records:
        return Checked(row, MISSING, f"there is no TXT record at {name}; a new one may take an hour to be seen")
    wrong = what_is_wrong(records, row.algorithm, row.public_key)
    if wrong:
        return Checked(row, WRONG, f"at {name}: {wrong}")
    if is_locked(row):
        return Checked(row, LOCKED, "published, but stored under another SYNDICATION_SECRET_KEY: it can sign nothing")
    return Checked(row, PUBLISHED)
