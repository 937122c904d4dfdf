"""The commands about servers, speed limits and the warm-up of sender domains."""

import sys
from dataclasses import asdict
from datetime import UTC
from typing import Any

import click
from django.conf import settings
from django.utils import timezone

from syndication.articles.models import Publication
from syndication.cli.output import json_option, say
from syndication.cli.which import chosen_publication
from syndication.delivery.limits import change as limit_change
from syndication.delivery.limits import plans, throttles
from syndication.delivery.limits.clock import database_now
from syndication.delivery.limits.matching import ALL
from syndication.delivery.limits.models import ProviderDomain, SendingLimit, Throttle
from syndication.delivery.limits.rates import Rate
from syndication.delivery.servers import change
from syndication.delivery.servers.addresses import address_from, split_password
from syndication.delivery.servers.models import MOST_CONNECTIONS, USUAL_CONNECTIONS, SmtpServer
from syndication.delivery.servers.passwords import CannotOpen, address_of
from syndication.delivery.servers.try_out import Trial, try_out

# ---------------------------------------------------------------- servers


@click.group()
def server() -> None:
    """The SMTP servers that mail is handed to; without any, SYNDICATION_SMTP_URL serves all."""


@server.command(name="add")
@click.argument("url")
@click.option("--name", default="", help="The host's name when left out.")
@click.option("--weight", type=int, default=1, show_default=True, help="Its share beside the others; 0: only while all others are away.")
@click.option("--publication", metavar="SLUG", help="Serves only this publication, and this publication only it.")
@click.option("--connections", type=int, default=USUAL_CONNECTIONS, show_default=True, help=f"Open at once, 1 to {MOST_CONNECTIONS}.")
@click.option("--password-file", default="", metavar="PATH", help="Read the password from this file each time, instead of keeping it.")
@click.option("--password-env", default="", metavar="NAME", help="Read the password from this environment variable, or NAME_FILE.")
@json_option
def server_add(url: str, publication: str | None, *, as_json: bool, **wish: Any) -> None:
    """Use a server: smtp://user:password@host:587?tls=starttls or smtps://….

    With `-` as URL it is read from standard input, so that the password stands in no history.
    """
    given = sys.stdin.readline().strip() if url == "-" else url
    inside = chosen_publication(publication) if publication else None
    places = [f"file:{wish['password_file']}"] if wish["password_file"] else []
    places += [f"env:{wish['password_env']}"] if wish["password_env"] else []
    if len(places) > 1:
        raise click.UsageError("Name the password's file or its variable, not both.")
    row = change.add(change.Wish(given, wish["name"], wish["weight"], inside, wish["connections"], "".join(places)))
    whom = f"publication {inside.slug}" if inside else "every publication without a server of its own"
    lines = [f"{row.name} serves {whom} from now on; the server of SYNDICATION_SMTP_URL does so no more."]
    lines += [f"`syndication server test {row.name}` greets it, `syndication server remove {row.name}` takes it back."]
    say(_server(row), lines, as_json=as_json)


@server.command(name="list")
@json_option
def server_list(*, as_json: bool) -> None:
    """Show all servers and how they are."""
    found = [_server(row) for row in change.all_servers()]
    if any(row["publication"] is None for row in found[:-1]):
        found[-1]["state"] = "unused"
    say(found, [line for row in found for line in _about_server(row)], as_json=as_json)


@server.command(name="pause")
@click.argument("name")
@json_option
def server_pause(name: str, *, as_json: bool) -> None:
    """Use a server no more until it is resumed; what is at its wire is finished."""
    row = change.pause(name)
    say(_server(row), [f"{row.name} is paused: `syndication server resume {row.name}` ends that."], as_json=as_json)


@server.command(name="resume")
@click.argument("name")
@json_option
def server_resume(name: str, *, as_json: bool) -> None:
    """Use a server again, and at once, even if it rested."""
    row = change.resume(name)
    say(_server(row), [f"{row.name} is used again."], as_json=as_json)


@server.command(name="remove")
@click.argument("name")
@json_option
def server_remove(name: str, *, as_json: bool) -> None:
    """Forget a server and its password."""
    change.remove(name)
    say({"name": name, "removed": True}, [f"{name} is forgotten, and its password."], as_json=as_json)


@server.command(name="test")
@click.argument("name_or_url", default="default")
@json_option
@click.pass_context
def server_test(ctx: click.Context, name_or_url: str, *, as_json: bool) -> None:
    """Greet a server (EHLO, TLS, AUTH, QUIT) and say what it offers; nothing is sent. Exit code 1 when it cannot be used.

    Takes a name, or the URL of a server that is not added yet; `-` reads the URL from standard input.
    """
    given = sys.stdin.readline().strip() if name_or_url == "-" else name_or_url
    if "://" in given:
        split_password(given)
        address = address_from(given)
    else:
        address = address_of(change.server_named(given))
    trial = try_out(address)
    result = {"address": str(address), "works": not trial.problem, **asdict(trial)}
    say(result, _about_trial(str(address), trial), as_json=as_json)
    ctx.exit(1 if trial.problem else 0)


def _about_trial(where: str, trial: Trial) -> list[str]:
    lines = [f"{where} {trial.problem}." if trial.problem else f"{where} can be used."]
    lines += [f"  greeting  {trial.greeting}"] if trial.greeting else []
    lines += [f"  TLS       {trial.tls or 'none: everything goes over an open line'}"] if trial.offers or trial.tls else []
    lines += ["  login     accepted"] if trial.has_logged_in else []
    lines += [f"  offers    {', '.join(trial.offers)}"] if trial.offers else []
    return [*lines, *([trial.advice] if trial.advice else [])]


def _about_server(row: dict[str, Any]) -> list[str]:
    whom = row["publication"] or "all publications"
    numbers = f"weight {row['weight']:<4} {row['connections']:>4} connections"
    line = f"{row['name']:<24} {row['state']:<8} {numbers}  {whom}  {row['url']}"
    return [line, *([f"    {row['because']}"] if row["because"] else [])]


def _server(row: SmtpServer) -> dict[str, Any]:
    """A server for people and programs, without its password."""
    is_away = bool(row.away_until and row.away_until > database_now())
    problem = _problem(row)
    state = "paused" if not row.is_active else "away" if is_away else "broken" if problem else "active"
    return {
        "name": row.name,
        "url": row.url or f"SYNDICATION_SMTP_URL ({settings.SMTP})",
        "weight": row.weight,
        "publication": row.publication.slug if row.publication else None,
        "connections": row.max_connections,
        "state": state,
        "because": row.away_because if is_away else problem,
        "away_until": row.away_until.isoformat() if is_away and row.away_until else None,
        "password": row.password_from or ("kept" if row.sealed_password else "none"),
    }


def _problem(row: SmtpServer) -> str:
    try:
        address_of(row)
    except CannotOpen as error:
        return str(error)
    return ""


# ---------------------------------------------------------------- limits

sender_option = click.option(
    "--sender", default=ALL, metavar="DOMAIN", help="Only mail of this sender domain; all of them together when left out."
)


@click.group()
def limit() -> None:
    """How fast mail may go: by sender domain, provider and recipient domain."""


@limit.command(name="set")
@click.argument("target")
@click.argument("rate")
@sender_option
@click.option("--burst", type=int, help="Messages that may go at once after a silence; a second's worth or two when left out.")
@json_option
def limit_set(target: str, rate: str, sender: str, burst: int | None, *, as_json: bool) -> None:
    """Let no more mail go to TARGET than RATE: 20/s, 500/min, 10000/h, 50000/d. It counts within two seconds, also for running campaigns.

    TARGET is a provider (gmail, microsoft, yahoo …), a recipient domain, '*' (all mail together) or 'each' (every provider and every
    domain for itself, where no limit names it).
    """
    row = limit_change.set_limit(target, rate, sender=sender, burst=burst)
    known = row.sender_domain == ALL or Publication.objects.filter(mail_domain=row.sender_domain).exists()
    lines = [f"{_limit_words(row)}."] + ([] if known else [f"No publication sends as {row.sender_domain} yet."])
    say(_limit(row), lines, as_json=as_json)


@limit.command(name="remove")
@click.argument("target")
@sender_option
@json_option
def limit_remove(target: str, sender: str, *, as_json: bool) -> None:
    """Forget a limit."""
    limit_change.remove_limit(target, sender=sender)
    say({"target": target, "sender": sender, "removed": True}, [f"The limit to {target} is gone."], as_json=as_json)


@limit.command(name="list")
@json_option
def limit_list(*, as_json: bool) -> None:
    """Show the limits that people set, the throttles that providers asked for, and the domains said to be theirs."""
    limits = list(SendingLimit.objects.order_by("sender_domain", "target"))
    slowed = throttles.read(database_now())
    grouped = list(ProviderDomain.objects.order_by("provider", "domain"))
    result = {
        "limits": [_limit(row) for row in limits],
        "throttles": [_throttle(row) for row in slowed],
        "providers": [{"domain": row.domain, "provider": row.provider} for row in grouped],
    }
    lines = [f"{_limit_words(row)}." for row in limits] or ["No limit is set."]
    lines += [f"{row.provider} asked {row.sender_domain} to go slower: now {row.per_minute:.3g} a minute. {row.because}" for row in slowed]
    lines += [f"{row.domain} is served by {row.provider}." for row in grouped]
    say(result, lines, as_json=as_json)


@limit.command(name="lift")
@click.argument("target")
@click.option("--sender", required=True, metavar="DOMAIN", help="The sender domain that was slowed down.")
@json_option
def limit_lift(target: str, sender: str, *, as_json: bool) -> None:
    """Forget that a provider asked to go slower, because it said that all is well; it comes back when the provider complains again."""
    lifted = throttles.lift(limit_change.sender_of(sender), limit_change.target_of(target))
    words = f"{sender} sends to {target} at full speed again." if lifted else f"{target} did not ask {sender} to go slower."
    say({"target": target, "sender": sender, "lifted": bool(lifted)}, [words], as_json=as_json)


@limit.command(name="group")
@click.argument("domain")
@click.argument("provider")
@json_option
def limit_group(domain: str, provider: str, *, as_json: bool) -> None:
    """Say that PROVIDER takes the mail of DOMAIN, as for a company that has its mailboxes at gmail."""
    row = limit_change.group(domain, provider)
    say({"domain": row.domain, "provider": row.provider}, [f"{row.domain} counts as {row.provider} from now on."], as_json=as_json)


@limit.command(name="ungroup")
@click.argument("domain")
@json_option
def limit_ungroup(domain: str, *, as_json: bool) -> None:
    """Forget what `group` said."""
    limit_change.ungroup(domain)
    say({"domain": domain, "removed": True}, [f"{domain} counts for itself again."], as_json=as_json)


def _limit(row: SendingLimit) -> dict[str, Any]:
    return {"sender": row.sender_domain, "target": row.target, "rate": Rate(row.rate, row.per_seconds).short, "burst": row.burst}


def _limit_words(row: SendingLimit) -> str:
    whose = "All senders together" if row.sender_domain == ALL else row.sender_domain
    whom = {ALL: "", "each": " to each provider or domain"}.get(row.target, f" to {row.target}")
    burst = f", {row.burst:,} at once" if row.burst else ""
    return f"{whose}: at most {Rate(row.rate, row.per_seconds)}{whom}{burst}"


def _throttle(row: Throttle) -> dict[str, Any]:
    began = row.began_at.astimezone(UTC).isoformat()
    return {"sender": row.sender_domain, "provider": row.provider, "per_minute": row.per_minute, "because": row.because, "since": began}


# ---------------------------------------------------------------- warm-up


@click.group()
def warmup() -> None:
    """A new sender domain earns its name: a little more mail each day."""


@warmup.command(name="start")
@click.argument("domain")
@click.option("--first", "first_day", type=int, default=50, show_default=True, help="Messages of the first day.")
@click.option("--growth", type=float, default=1.5, show_default=True, help="Each day that was used allows so many times the one before.")
@click.option("--ceiling", type=int, default=100_000, show_default=True, help="Messages a day at which the domain is warm.")
@click.option("--stop-at", "percent", type=float, default=100 * plans.USUAL_STOPS_AT, show_default=True, help="Complaints in percent.")
@json_option
def warmup_start(domain: str, percent: float, *, as_json: bool, **wish: Any) -> None:
    """Begin a plan for a sender domain today."""
    plan = plans.start(domain, plans.Wish(wish["first_day"], wish["growth"], wish["ceiling"], percent / 100), timezone.now())
    _say_standing(plan.sender_domain, "warms up from now on", as_json=as_json)


@warmup.command(name="status")
@json_option
def warmup_status(*, as_json: bool) -> None:
    """Show where the plans stand."""
    found = plans.standings(timezone.now())
    lines = [line for one in found for line in _about_standing(one)] or ["No sender domain is warming up."]
    say([asdict(one) for one in found], lines, as_json=as_json)


@warmup.command(name="resume")
@click.argument("domain")
@json_option
def warmup_resume(domain: str, *, as_json: bool) -> None:
    """Go on with a plan that complaints stopped; those of today and before do not stop it again."""
    plan = plans.resume(domain, timezone.now())
    _say_standing(plan.sender_domain, "goes on", as_json=as_json)


@warmup.command(name="stop")
@click.argument("domain")
@json_option
def warmup_stop(domain: str, *, as_json: bool) -> None:
    """End a plan: the domain sends without a warm-up from now on."""
    ended = plans.end(domain)
    say({"sender_domain": ended, "ended": True}, [f"{ended} sends without a warm-up from now on."], as_json=as_json)


def _say_standing(domain: str, what: str, *, as_json: bool) -> None:
    (one,) = [found for found in plans.standings(timezone.now()) if found.sender_domain == domain]
    say(asdict(one), [f"{domain} {what}.", *_about_standing(one)], as_json=as_json)


def _about_standing(one: plans.Standing) -> list[str]:
    today = f"{one.sent_today:,} of {one.allowed_today:,} messages today, {one.free_now:,} may go now"
    week = f"{one.complaints_in_seven_days:,} complaints about {one.sent_in_seven_days:,} messages in seven days"
    lines = [f"{one.sender_domain} is {one.state}: {today}; {one.used_days} day(s) used since {one.started_on}; {week}."]
    hint = f"Find out who complained and why, then: syndication warmup resume {one.sender_domain}"
    return lines + ([f"    Stopped: {one.stopped_because}. {hint}"] if one.stopped_because else [])
