"""Sets and removes limits, and says which provider serves a domain."""

import re
from difflib import get_close_matches

from syndication.audience.addresses import NotAnAddress, normalise
from syndication.delivery.limits.matching import ALL, EACH
from syndication.delivery.limits.models import ProviderDomain, SendingLimit
from syndication.delivery.limits.providers import PROVIDERS
from syndication.delivery.limits.rates import parse_rate
from syndication.errors import BadInput, NotFound

PROVIDER_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_PROVIDER = 80  # characters
LARGEST_BURST = 1_000_000_000


def set_limit(target: str, rate: str, *, sender: str = ALL, burst: int | None = None) -> SendingLimit:
    """Set or change the limit for a sender domain and a target; it counts within two seconds, also for what is being sent.

    target  a provider, a recipient domain, "*" (all mail together) or "each" (every provider or domain for itself)
    rate    "20/s", "500/min", "10000/h", "50000/d"
    sender  a sender domain, or "*": all of them share one budget
    burst   messages that may go at once (>= 1); None: a second's worth or two
    Raises BadInput.
    """
    parsed = parse_rate(rate)
    if burst is not None and not 1 <= burst <= LARGEST_BURST:
        raise BadInput(f"A burst is from 1 to {LARGEST_BURST:,} messages, not {burst}.")
    columns = {"rate": parsed.messages, "per_seconds": parsed.per_seconds, "burst": burst}
    return SendingLimit.objects.update_or_create(sender_domain=sender_of(sender), target=target_of(target), defaults=columns)[0]


def remove_limit(target: str, *, sender: str = ALL) -> None:
    """Forget a limit. Raises NotFound, BadInput."""
    whose, to = sender_of(sender), target_of(target)
    if not SendingLimit.objects.filter(sender_domain=whose, target=to).delete()[0]:
        raise NotFound(f"There is no limit to {to} for {'all senders' if whose == ALL else whose}; `syndication limit list` shows them.")


def group(domain: str, provider: str) -> ProviderDomain:
    """Say that a provider, known or new, takes a domain's mail. Raises BadInput."""
    name = provider.strip().lower()
    if not PROVIDER_NAME.fullmatch(name) or len(name) > LONGEST_PROVIDER or name == EACH:
        raise BadInput(
            f"{provider[:80]!r} cannot be a provider's name: use a known one such as gmail, or lower-case letters, digits and dashes."
        )
    return ProviderDomain.objects.update_or_create(domain=domain_of(domain), defaults={"provider": name})[0]


def ungroup(domain: str) -> None:
    """Forget what `group` said. Raises NotFound, BadInput."""
    if not ProviderDomain.objects.filter(domain=domain_of(domain)).delete()[0]:
        raise NotFound(f"Nobody said which provider takes the mail of {domain[:80]}; `syndication limit list` shows what was said.")


def target_of(text: str) -> str:
    """The target as rows keep it. Raises BadInput, with what is near when a provider is unknown."""
    wanted = text.strip().lower()
    if wanted in {ALL, EACH}:
        return wanted
    if "." in wanted:
        return domain_of(wanted)
    known = PROVIDERS | set(ProviderDomain.objects.values_list("provider", flat=True))
    if wanted in known:
        return wanted
    near = get_close_matches(wanted, sorted(known), n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise BadInput(f"{text[:80]!r} is neither a known provider nor a domain, '*' or 'each'.{hint}")


def sender_of(text: str) -> str:
    """The sender domain as rows keep it, or "*". Raises BadInput."""
    return ALL if text.strip() == ALL else domain_of(text)


def domain_of(text: str) -> str:
    """A domain in the one spelling of addresses: lower case, IDN in Unicode. Raises BadInput."""
    try:
        return normalise(f"x@{text.strip()}").rpartition("@")[2]
    except NotAnAddress as error:
        raise BadInput(f"{text[:80]!r} is no domain: {error.__cause__ or 'it is too long'}") from error
