"""Keeps which domains' addresses may not subscribe and are not mailed, or, where a publication says so, which alone may."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from syndication.articles.models import Publication
from syndication.audience.models import DomainRule
from syndication.audience.suppression.domain_names import DomainRules, NotADomain, domain_of, enclosing, normalise_domain
from syndication.errors import BadInput, NotFound

ASKED_AT_ONCE = 500  # domains in one question
MOST_LINES = 100_000
LONGEST_DETAIL = 300


def is_blocked(address: str, publication_id: int) -> bool:
    """Whether a normalised address may not subscribe to nor be mailed by a publication, because of its domain."""
    return bool(why_blocked(address, publication_id))


def why_blocked(address: str, publication_id: int) -> str:
    """The same with the reason, "" when the address is welcome."""
    return refused_among([address], publication_id).get(address, "")


def refused_among(addresses: Iterable[str], publication_id: int) -> dict[str, str]:
    """Which of many normalised addresses a publication does not mail because of their domains, each with the reason.

    Three questions at most for some thousand addresses; one where there is no rule.
    """
    kinds = set(_rules(publication_id).values_list("kind", flat=True).distinct())
    if not kinds:
        return {}
    asked = list(addresses)
    parents = sorted({parent for domain in {domain_of(one) for one in asked} for parent in enclosing(domain)})
    found: set[tuple[str, str]] = set()
    for at in range(0, len(parents), ASKED_AT_ONCE):
        found |= set(_rules(publication_id).filter(domain__in=parents[at : at + ASKED_AT_ONCE]).values_list("kind", "domain"))
    rules = _of(found, has_allowed=DomainRule.Kind.ALLOW in kinds)
    return {one: why for one in asked if (why := rules.why_not(one))}


def has_rules(publication_id: int) -> bool:
    """Whether any rule holds for a publication."""
    return _rules(publication_id).exists()


def rules_of(publication_id: int) -> DomainRules:
    """All rules that hold for a publication, its own and everybody's, to be asked about a million addresses without a query."""
    found = set(_rules(publication_id).values_list("kind", "domain"))
    return _of(found, has_allowed=any(kind == DomainRule.Kind.ALLOW for kind, _ in found))


def put(domain: str, *, kind: str, publication: Publication | None = None, detail: str = "") -> tuple[DomainRule, bool]:
    """Block or allow a domain with its subdomains: by one publication, or (None) by all; the rule and whether anything changed.

    A domain has one rule a publication: the newer word replaces the older. Raises NotADomain, and BadInput for an unknown kind.
    """
    if kind not in DomainRule.Kind.values:
        raise BadInput(f"{kind!r} is no kind of rule; use one of {', '.join(DomainRule.Kind.values)}.")
    which = {"domain": normalise_domain(domain), "publication": publication}
    with transaction.atomic():
        try:
            with transaction.atomic():
                rule, is_new = DomainRule.objects.get_or_create(**which, defaults={"kind": kind, "detail": detail[:LONGEST_DETAIL]})
        except IntegrityError:  # the same rule came from somewhere else at the same moment
            rule, is_new = DomainRule.objects.get(**which), False
        is_changed = not is_new and rule.kind != kind
        if is_changed:
            rule.kind, rule.detail = kind, detail[:LONGEST_DETAIL]
            rule.save(update_fields=["kind", "detail"])
    return rule, is_new or is_changed


def take_back(domain: str, *, publication: Publication | None = None) -> DomainRule:
    """Remove a rule. Raises NotADomain, NotFound."""
    known_as = normalise_domain(domain)
    rule = DomainRule.objects.filter(domain=known_as, publication=publication).first()
    if rule is None:
        where = f"by {publication.slug!r}" if publication else "everywhere"
        raise NotFound(f"There is no rule for {known_as!r} {where}; nothing was changed.")
    rule.delete()
    return rule


@dataclass(slots=True)
class Taken:
    """What came of a file of domains or addresses, one a line."""

    new: int = 0
    unchanged: int = 0
    refused: list[dict[str, int | str]] = field(default_factory=list)


def put_lines(lines: Iterable[str], *, kind: str, publication: Publication | None = None, detail: str = "") -> Taken:
    """One domain a line; empty lines and what follows a # are left out. Wrong lines are named and the others taken.

    Raises BadInput for more than MOST_LINES, before anything is changed.
    """
    taken = Taken()
    for number, line in enumerate(too_many_refused(lines), start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            _, is_new = put(text, kind=kind, publication=publication, detail=detail)
        except NotADomain as error:
            taken.refused.append({"line": number, "why": str(error)})
            continue
        taken.new, taken.unchanged = taken.new + is_new, taken.unchanged + (not is_new)
    return taken


def too_many_refused(lines: Iterable[str]) -> list[str]:
    """The lines, when they are few enough. Raises BadInput."""
    kept = []
    for line in lines:
        kept.append(line)
        if len(kept) > MOST_LINES:
            raise BadInput(f"The file has more than {MOST_LINES:,} lines; nothing was changed. Divide it.")
    return kept


def _rules(publication_id: int) -> QuerySet[DomainRule]:
    return DomainRule.objects.filter(Q(publication=None) | Q(publication=publication_id))


def _of(found: set[tuple[str, str]], *, has_allowed: bool) -> DomainRules:
    return DomainRules(
        blocked=frozenset(domain for kind, domain in found if kind == DomainRule.Kind.BLOCK),
        allowed=frozenset(domain for kind, domain in found if kind == DomainRule.Kind.ALLOW),
        has_allowed=has_allowed,
    )
