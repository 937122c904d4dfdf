"""Makes keys, puts them in use one for the other, and retires them."""

from collections.abc import Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, transaction

from syndication.delivery.signing.keys import look_again, sealed
from syndication.delivery.signing.models import SigningKey
from syndication.delivery.signing.record import checked_selector, public_half, signing_domain
from syndication.errors import NotFound, Refused

RSA_BITS = 2048  # RFC 8301 3.2; 4096 does not fit into every DNS form and verifies no better today
_LETTER = {SigningKey.Algorithm.RSA.value: "r", SigningKey.Algorithm.ED25519.value: "e"}


def make_keys(domain: str, algorithms: Sequence[str], *, selector: str, now: datetime) -> list[SigningKey]:
    """New keys of a domain, one for each algorithm; none of them is used yet.

    selector  the name for one key, its beginning for two (r and e follow); empty for the day and a letter: "s20261124r"
    Raises BadDomain, and Refused when the domain has such a selector already.
    """
    domain = signing_domain(domain)
    with transaction.atomic():
        taken = set(SigningKey.objects.filter(domain=domain).values_list("selector", flat=True))
        return [_make(domain, algorithm, _selector(selector, algorithms, algorithm, now, taken), now) for algorithm in algorithms]


def new_private_key(algorithm: str) -> rsa.RSAPrivateKey | Ed25519PrivateKey:
    """A key of "rsa" or "ed25519", which nothing keeps yet."""
    if algorithm == SigningKey.Algorithm.RSA:
        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return Ed25519PrivateKey.generate()


def keys_of(domain: str) -> list[SigningKey]:
    """All keys of exactly this domain, oldest first. Raises NotFound when it has none, BadDomain."""
    domain = signing_domain(domain)
    rows = list(SigningKey.objects.filter(domain=domain).order_by("pk"))
    if not rows:
        raise NotFound(f"{domain} has no DKIM key here. Make one: syndication dkim new {domain}")
    return rows


def key_named(domain: str, selector: str) -> SigningKey:
    """The key of that selector. Raises NotFound, which names those that are there."""
    rows = keys_of(domain)
    for row in rows:
        if row.selector == selector.strip().lower():
            return row
    raise NotFound(f"{rows[0].domain} has no DKIM key {selector!r}; it has {', '.join(row.selector for row in rows)}.")


def put_in_use(row: SigningKey, *, now: datetime) -> SigningKey | None:
    """Sign new mailings with this key; the one that it replaces (same domain and algorithm) is retired and returned."""
    with transaction.atomic():
        same = SigningKey.objects.select_for_update().filter(domain=row.domain, algorithm=row.algorithm)
        replaced = next((one for one in same if one.is_active and one.pk != row.pk), None)
        if replaced:
            retire(replaced, now=now)
        row.is_active, row.retired_at = True, None
        row.save(update_fields=["is_active", "retired_at"])
    look_again()
    return replaced


def retire(row: SigningKey, *, now: datetime) -> None:
    """Sign no new mailing with this key; a key that is retired already keeps its date."""
    row.is_active, row.retired_at = False, row.retired_at or now
    row.save(update_fields=["is_active", "retired_at"])
    look_again()


def _make(domain: str, algorithm: str, selector: str, now: datetime) -> SigningKey:
    private = new_private_key(algorithm)
    row = SigningKey(domain=domain, selector=checked_selector(selector, domain), algorithm=algorithm, created_at=now)
    row.private_key, row.public_key = sealed(private), public_half(private)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(
            f"{domain} has a DKIM key {row.selector!r} already. Choose another --selector; a name that was published is never used again."
        ) from error
    return row


def _selector(asked: str, algorithms: Sequence[str], algorithm: str, now: datetime, taken: set[str]) -> str:
    if asked:
        return asked if len(algorithms) == 1 else f"{asked}{_LETTER[algorithm]}"
    plain = f"s{now:%Y%m%d}{_LETTER[algorithm]}"
    numbered = (f"{plain}{number}" for number in range(2, len(taken) + 3))
    return plain if plain not in taken else next(name for name in numbered if name not in taken)
