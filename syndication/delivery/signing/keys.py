"""Gives senders the keys of a domain, opened and remembered for half a minute, so that a new key is taken without a restart."""

import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from django.utils import timezone

from syndication.audience.keys import token_key
from syndication.delivery.servers.sealing import NONCE_BYTES, seal, unseal
from syndication.delivery.signing.dkim import VALID_SECONDS, DomainKey, Signer
from syndication.delivery.signing.models import SigningKey
from syndication.delivery.signing.record import BadDomain, possible_domains, signing_domain
from syndication.delivery.signing.remembered import Remembered
from syndication.errors import NotFound, Refused

PURPOSE = "dkim private key"
REMEMBERED_SECONDS = 30
SIGNS_ON = timedelta(days=4)
"""How long a mailing goes on with a key that was retired after it was frozen: the longest retry (3 days), and a day."""
RECORD_STAYS = SIGNS_ON + timedelta(seconds=VALID_SECONDS)
"""How long the DNS record of a retired key must stay: until the last signature made with it runs out."""

_remembered = Remembered[list[DomainKey]](REMEMBERED_SECONDS, time.monotonic)


class KeyLocked(Refused):
    """A private key that was sealed under another secret key, so nobody can sign with it; says how to go on."""


def signer_of(sender_domain: str, shared_headers: bytes) -> Signer | None:
    """What signs the mail of a domain today; None when it has no key in use. Raises KeyLocked, never signs less than it should.

    sender_domain   the domain of the From address (not of the envelope): the one that DMARC compares with d=
    shared_headers  as Signer takes them
    """
    keys = signer_keys(sender_domain)
    return Signer(keys, shared_headers=shared_headers) if keys else None


def signer_of_keys(ids: Sequence[int], shared_headers: bytes) -> Signer | None:
    """What signs a mailing that was frozen with these key_ids(); None for no ids: a mailing that began unsigned stays so.

    Keys in use, or retired for less than SIGNS_ON, sign as they did, so that each attempt has the same bytes. After that their
    records may be gone from DNS, and the keys that the domain has now take over. Raises KeyLocked, and NotFound for unknown ids.
    """
    keys = _remembered.answer(tuple(ids), lambda: _frozen_keys(ids, timezone.now())) if ids else []
    return Signer(keys, shared_headers=shared_headers) if keys else None


def key_ids(sender_domain: str) -> list[int]:
    """The ids of the keys that sign for a domain now, to be frozen into a mailing."""
    return [row.pk for row in _rows_in_use(sender_domain)]


def signer_keys(sender_domain: str) -> list[DomainKey]:
    """The opened keys in use of the domain, or else of its nearest parent that has some; RSA first. Raises KeyLocked."""
    return _remembered.answer(sender_domain, lambda: [opened(row) for row in _rows_in_use(sender_domain)])


def opened(row: SigningKey) -> DomainKey:
    """The row's private key, ready to sign. Raises KeyLocked."""
    pem = unseal(row.private_key, token_key(PURPOSE))
    if pem is None:
        raise KeyLocked(
            f"The DKIM key {row.selector!r} of {row.domain} cannot be opened: it was stored under another SYNDICATION_SECRET_KEY. "
            f"Give back that secret key (a backup holds it), or make new keys: `syndication dkim new {row.domain}`, publish them, "
            f"`syndication dkim check {row.domain}`."
        )
    private = load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise TypeError(f"{row} holds a {type(private).__name__}, with which DKIM cannot sign")
    return DomainKey(row.domain, row.selector, private)


def is_locked(row: SigningKey) -> bool:
    """Whether the key was sealed under another secret."""
    return unseal(row.private_key, token_key(PURPOSE)) is None


def sealed(private: RSAPrivateKey | Ed25519PrivateKey) -> str:
    """The private key as its row keeps it: PEM, which only this installation's secret opens."""
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return seal(pem.decode("ascii"), token_key(PURPOSE), secrets.token_bytes(NONCE_BYTES))


def look_again() -> None:
    """Forget the remembered keys of this process: its next message reads the rows."""
    _remembered.forget()


def _rows_in_use(sender_domain: str) -> list[SigningKey]:
    try:
        domains = possible_domains(signing_domain(sender_domain))
    except BadDomain:  # localhost, an IP literal: such mail may be sent, but no domain speaks for it
        return []
    rows = list(SigningKey.objects.filter(domain__in=domains, is_active=True))
    nearest = max((row.domain for row in rows), key=len, default="")
    return _rsa_first([row for row in rows if row.domain == nearest])


def _frozen_keys(ids: Sequence[int], now: datetime) -> list[DomainKey]:
    rows = _rsa_first(SigningKey.objects.filter(pk__in=ids))
    if not rows:
        raise NotFound(f"The DKIM keys {list(ids)} that this mailing began with are not in the database. Restore them from a backup.")
    if len(rows) == len(set(ids)) and all(row.is_active or _signs_on(row, now) for row in rows):
        return [opened(row) for row in rows]
    return [opened(row) for row in _rows_in_use(rows[0].domain)]


def _signs_on(row: SigningKey, now: datetime) -> bool:
    """Whether mailings that began with a retired key still go on with it."""
    return row.retired_at is not None and now - row.retired_at < SIGNS_ON and not is_locked(row)


def _rsa_first(rows: Iterable[SigningKey]) -> list[SigningKey]:
    return sorted(rows, key=lambda row: (row.algorithm != SigningKey.Algorithm.RSA, row.pk))
