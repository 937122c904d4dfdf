"""The commands about addresses and domains that are not mailed."""

from pathlib import Path
from typing import Any

import click

from syndication.audience.models import DomainRule, Suppression
from syndication.audience.suppression import domain_rules, suppress
from syndication.audience.suppression.domain_rules import Taken
from syndication.cli.output import json_option, publication_option, say
from syndication.cli.which import chosen_publication
from syndication.errors import BadInput

BY = "command line"
SHOWN_REFUSALS = 20

file_option = click.option("--file", "path", type=click.Path(dir_okay=False, exists=True), help="One a line, as text in UTF-8.")
detail_option = click.option("--detail", default="", help="Why; for your colleagues.")


@click.command(name="suppress")
@click.argument("address", required=False)
@file_option
@click.option("--reason", default=Suppression.Reason.STAFF.value, type=click.Choice(Suppression.Reason.values), show_default=True)
@detail_option
@publication_option
@json_option
def suppress_command(  # noqa: PLR0913  # one argument for each option
    address: str | None, path: str | None, reason: str, detail: str, publication: str | None, *, as_json: bool
) -> None:
    """Never mail an address, or each of a file, again: in one publication, or in all."""
    where = chosen_publication(publication) if publication else None
    given: dict[str, Any] = {"reason": reason, "publication": where, "detail": detail, "by": BY}
    if _one_of(address, path) is None:
        _say_taken(suppress.suppress_lines(_lines(path), **given), as_json=as_json)
        return
    row, is_new = suppress.suppress(address or "", **given)
    result = {"new": is_new, "reason": row.reason, "publication": where.slug if where else None, "since": row.since.isoformat()}
    place = f"in {where.slug!r}" if where else "everywhere"
    say(result, [f"{'Suppressed' if is_new else 'Was suppressed already'} {place} ({row.reason})."], as_json=as_json)


@click.command(name="unsuppress")
@click.argument("address")
@click.option("--own-word", is_flag=True, help="The person has asked for it; needed where they unsubscribed, complained or were erased.")
@click.option("--note", default="", help="How and when they asked; stays in the history.")
@publication_option
@json_option
def unsuppress_command(address: str, note: str, publication: str | None, *, own_word: bool, as_json: bool) -> None:
    """Let an address be mailed again. It subscribes nobody: that takes the reader's own yes."""
    where = chosen_publication(publication) if publication else None
    row = suppress.unsuppress(address, publication=where, by=BY, note=note, own_word=own_word)
    result = {"lifted": True, "reason": row.reason, "publication": where.slug if where else None}
    say(result, [f"Lifted ({row.reason}). Nobody was subscribed by it."], as_json=as_json)


@click.group(name="domain")
def domain() -> None:
    """Domains whose addresses may not subscribe, or that alone may."""


def _rule_command(kind: str, words: str) -> click.Command:
    @click.command(name=kind, help=words)
    @click.argument("name", required=False, metavar="DOMAIN")
    @file_option
    @detail_option
    @publication_option
    @json_option
    def command(name: str | None, path: str | None, detail: str, publication: str | None, *, as_json: bool) -> None:
        where = chosen_publication(publication) if publication else None
        if _one_of(name, path) is None:
            _say_taken(domain_rules.put_lines(_lines(path), kind=kind, publication=where, detail=detail), as_json=as_json)
            return
        rule, is_new = domain_rules.put(name or "", kind=kind, publication=where, detail=detail)
        result = {"domain": rule.domain, "kind": rule.kind, "publication": where.slug if where else None, "new": is_new}
        say(result, [f"{rule.domain}: {rule.kind}{'' if is_new else ', as before'}."], as_json=as_json)

    return command


domain.add_command(_rule_command("block", "Nobody of this domain, or of its subdomains, joins or is mailed."))
domain.add_command(_rule_command("allow", "Only this domain, and what else is allowed, joins and is mailed."))


@domain.command(name="remove")
@click.argument("name", metavar="DOMAIN")
@publication_option
@json_option
def domain_remove(name: str, publication: str | None, *, as_json: bool) -> None:
    """Take a rule back."""
    where = chosen_publication(publication) if publication else None
    rule = domain_rules.take_back(name, publication=where)
    say({"domain": rule.domain, "kind": rule.kind, "removed": True}, [f"{rule.domain}: the rule is gone ({rule.kind})."], as_json=as_json)


@domain.command(name="list")
@json_option
def domain_list(*, as_json: bool) -> None:
    """Show all rules."""
    rules = DomainRule.objects.select_related("publication").order_by("domain", "pk")
    result = [
        {"domain": one.domain, "kind": one.kind, "publication": one.publication.slug if one.publication else None, "detail": one.detail}
        for one in rules
    ]
    lines = [f"{row['kind']} {row['domain']} ({row['publication'] or 'every publication'})" for row in result]
    say(result, lines or ["No rule: every domain may join."], as_json=as_json)


def _one_of(name: str | None, path: str | None) -> str | None:
    """The name, or None when a file is given. Raises BadInput for both or neither."""
    if bool(name) == bool(path):
        raise BadInput("Give one, or a file of them with --file.")
    return name


def _lines(path: str | None) -> list[str]:
    try:
        return Path(path or "").read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not text in UTF-8 (byte {error.start:,}). Save it as UTF-8; nothing was changed.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error


def _say_taken(taken: Taken, *, as_json: bool) -> None:
    result = {"new": taken.new, "unchanged": taken.unchanged, "refused": taken.refused}
    lines = [f"{taken.new:,} new, {taken.unchanged:,} as before, {len(taken.refused):,} refused."]
    lines += [f"  line {one['line']}: {one['why']}" for one in taken.refused[:SHOWN_REFUSALS]]
    say(result, lines, as_json=as_json)
