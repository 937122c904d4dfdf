"""The commands about DKIM keys: make them, publish them, check them, retire them."""

from collections.abc import Iterable, Sequence
from typing import Any

import click
from django.utils import timezone

from syndication.cli.output import json_option, say
from syndication.delivery.signing import check as checking
from syndication.delivery.signing import rotate
from syndication.delivery.signing.keys import RECORD_STAYS, is_locked
from syndication.delivery.signing.lookup import resolver_at
from syndication.delivery.signing.models import SigningKey
from syndication.delivery.signing.record import record_name, record_strings, record_text, zone_line

BOTH = "both"
RSA_FIRST = [SigningKey.Algorithm.RSA.value, SigningKey.Algorithm.ED25519.value]


@click.group()
def dkim() -> None:
    """Sign mail in the name of its sender's domain: new, then publish the records it prints, then check."""


@dkim.command()
@click.argument("domain")
@click.option("--selector", default="", help="A name for the key, or the beginning of two; the day and a letter when left out.")
@click.option("--algorithm", type=click.Choice([*RSA_FIRST, BOTH]), default=BOTH, show_default=True)
@click.option("--sign-now", is_flag=True, help="Use the keys before DNS was checked; mail fails verification until the records are seen.")
@json_option
def new(domain: str, selector: str, algorithm: str, *, sign_now: bool, as_json: bool) -> None:
    """Make keys for a domain and print the DNS records to publish; `check` puts them in use."""
    now = timezone.now()
    made = rotate.make_keys(domain, RSA_FIRST if algorithm == BOTH else [algorithm], selector=selector, now=now)
    replaced = [rotate.put_in_use(row, now=now) for row in made] if sign_now else []
    domain = made[0].domain
    lines = [f"Made {len(made)} key(s) for {domain}. Publish {'these records' if len(made) > 1 else 'this record'} in its DNS:"]
    lines += [line for row in made for line in ("", *_record_lines(row))]
    if sign_now:
        lines += [
            "",
            f"Mailings that start from now on are signed with {_names(made)}. Publish at once: until then receivers see broken signatures.",
        ]
        lines += _about_replaced(replaced)
    else:
        lines += ["", f"Nothing is signed with them yet. When the records are published, run: syndication dkim check {domain}"]
    say({"domain": domain, "keys": [_as_json(row) for row in made]}, lines, as_json=as_json)


@dkim.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """Show the keys of all domains, and which are in use."""
    rows = list(SigningKey.objects.order_by("domain", "pk"))
    lines = [f"{row.domain}: {_summary(row)}" for row in rows] or [
        "No key yet; mail leaves unsigned. Make one: syndication dkim new DOMAIN"
    ]
    say([_as_json(row) for row in rows], lines, as_json=as_json)


@dkim.command()
@click.argument("domain")
@json_option
def show(domain: str, *, as_json: bool) -> None:
    """Show a domain's keys with the DNS records to publish."""
    rows = rotate.keys_of(domain)
    lines = [line for row in rows for line in (_summary(row), *([] if row.retired_at else _record_lines(row)), "")]
    say({"domain": rows[0].domain, "keys": [_as_json(row) for row in rows]}, lines[:-1], as_json=as_json)


@dkim.command()
@click.argument("domain")
@click.option("--resolver", default="", metavar="ADDRESS", help="Ask this DNS server (1.1.1.1 or 127.0.0.1:5353), not this machine's.")
@json_option
@click.pass_context
def check(ctx: click.Context, domain: str, resolver: str, *, as_json: bool) -> None:
    """Look the records up; keys that receivers can verify are used from then on. Exit code 1 when a record is missing or wrong."""
    found = checking.check(domain, resolver_at(resolver), now=timezone.now())
    result = [
        {
            **_as_json(one.key),
            "verdict": one.verdict,
            "detail": one.detail,
            "taken": one.is_taken,
            "replaced": one.replaced.selector if one.replaced else None,
        }
        for one in found
    ]
    lines = [line for one in found for line in _about_check(one)] or ["All its keys are retired; nothing was looked up."]
    say({"domain": rotate.keys_of(domain)[0].domain, "keys": result}, lines, as_json=as_json)
    ctx.exit(0 if found and all(one.verdict == checking.PUBLISHED for one in found) else 1)


@dkim.command()
@click.argument("domain")
@click.argument("selector")
@json_option
def use(domain: str, selector: str, *, as_json: bool) -> None:
    """Sign with a key from now on, whether its record is seen or not; it replaces the one in use of the same algorithm."""
    row = rotate.key_named(domain, selector)
    replaced = rotate.put_in_use(row, now=timezone.now())
    lines = [
        f"Mailings that start from now on are signed with {row.selector}. `syndication dkim check {row.domain}` tells whether receivers can."
    ]
    say(_as_json(row), [*lines, *_about_replaced([replaced])], as_json=as_json)


@dkim.command()
@click.argument("domain")
@click.argument("selector")
@json_option
def retire(domain: str, selector: str, *, as_json: bool) -> None:
    """Stop signing with a key; its DNS record must stay until mail under way has arrived."""
    row = rotate.key_named(domain, selector)
    was_published = row.is_active or row.retired_at is not None
    rotate.retire(row, now=timezone.now())
    lines = _about_replaced([row]) if was_published else [f"{row.selector} is retired; it signed nothing, so its record may go."]
    if not SigningKey.objects.filter(domain=row.domain, is_active=True).exists():
        lines.append(
            f"No key of {row.domain} is in use now: new mailings leave unsigned, or signed by a key of its parent domain or by the relay."
        )
    say(_as_json(row), lines, as_json=as_json)


def _about_check(one: checking.Checked) -> Iterable[str]:
    yield f"{one.verdict:<11} {_summary(one.key)}" + (f": {one.detail}" if one.detail else "")
    if one.is_taken:
        yield f"            mailings that start from now on are signed with {one.key.selector}"
    elif one.key.is_active and one.verdict != checking.PUBLISHED:
        yield "            it stays in use; its signatures fail until this is mended"
    if one.replaced:
        yield from (f"            {line}" for line in _about_replaced([one.replaced]))


def _about_replaced(rows: Sequence[SigningKey | None]) -> list[str]:
    return [
        f"{row.selector} signs no new mailing. Leave its DNS record until {_last_day(row)}: mail under way is verified with it, "
        "and mailings that have begun go on with it."
        for row in rows
        if row
    ]


def _summary(row: SigningKey) -> str:
    state = f"retired, its record may go after {_last_day(row)}" if row.state == "retired" else row.state
    locked = ", LOCKED: stored under another SYNDICATION_SECRET_KEY" if is_locked(row) else ""
    return f"{row.selector} ({row.algorithm}), {state}{locked}"


def _record_lines(row: SigningKey) -> list[str]:
    name, text = record_name(row.selector, row.domain), record_text(row.algorithm, row.public_key)
    lines = [f"  name   {name}", "  type   TXT", f"  value  {text}"]
    return [*lines, f"  or, in a zone file:  {zone_line(name, text)}"]


def _as_json(row: SigningKey) -> dict[str, Any]:
    text = record_text(row.algorithm, row.public_key)
    name = record_name(row.selector, row.domain)
    return {
        "id": row.pk,
        "domain": row.domain,
        "selector": row.selector,
        "algorithm": row.algorithm,
        "state": row.state,
        "locked": is_locked(row),
        "created_at": row.created_at.isoformat(),
        "retired_at": row.retired_at.isoformat() if row.retired_at else None,
        "record": {"name": name, "type": "TXT", "value": text, "strings": record_strings(text), "zone": zone_line(name, text)},
    }


def _last_day(row: SigningKey) -> str:
    return f"{row.retired_at + RECORD_STAYS:%-d %B %Y}" if row.retired_at else ""


def _names(rows: Sequence[SigningKey]) -> str:
    return " and ".join(row.selector for row in rows)
