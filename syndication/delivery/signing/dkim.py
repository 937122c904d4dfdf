"""Signs messages in the name of their sender's domain, over the exact bytes that go to the wire (DKIM, RFC 6376).

relaxed/simple: headers are brought into their canonical form here, those that all readers share only once; the body that
rendering makes is canonical already and is hashed as it is. The bytes are the same at every attempt: both algorithms are
deterministic, and the one moment in the signature is given.
"""

import re
from binascii import b2a_base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from syndication.errors import BadInput

VALID_SECONDS = 7 * 24 * 3600
"""How long a signature is good: longer than our retries, too short for a captured copy to be replayed for ever (RFC 6376 8.6)."""

SIGNED = frozenset(
    {
        *(b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type"),
        *(b"list-id", b"list-unsubscribe", b"list-unsubscribe-post"),  # RFC 8058 4: both must be covered
        *(b"feedback-id", b"cfbl-address"),  # RFC 9477 3.1.1
        *(b"precedence", b"auto-submitted"),
    }
)
"""Fields that are signed where they occur; never trace fields, which relays add (RFC 6376 5.4)."""

OVERSIGNED = (b"from", b"to", b"subject", b"date", b"reply-to")
"""Named in h= once more than they occur, so that an added copy breaks the signature.

Verifiers take the last copy of a field and many mail programs show the first: otherwise anybody with one signed copy could put
another sender, subject or reply address above it, and it would still pass (RFC 6376 5.4.2, 8.15).
"""

_LONGEST_LINE = 78  # columns, RFC 5322 2.1.1
_BASE64_COLUMNS = 72
_MOST_SHAPES = 64  # sets of header names kept; a mailing has one or two
_BLANKS = re.compile(rb"[ \t]+")
_PADDING, _DIGEST = PKCS1v15(), Prehashed(SHA256())  # made once: a signature needs no other objects


class NotSignable(BadInput):
    """Headers over which no signature would hold: cut, unfolded, or with a field twice that may stand once."""


@dataclass(frozen=True, slots=True)
class DomainKey:
    """A private key that speaks for a domain.

    domain    in the letters of DNS: "xn--bcher-kva.example"
    selector  the label under which its public half is published: "<selector>._domainkey.<domain>"
    private   RSA of at least 2048 bits (RFC 8301 3.2), or Ed25519 (RFC 8463)
    """

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey

    @property
    def algorithm(self) -> str:
        """The a= tag: "rsa-sha256" or "ed25519-sha256"."""
        return "rsa-sha256" if isinstance(self.private, RSAPrivateKey) else "ed25519-sha256"

    def sign_digest(self, digest: bytes) -> bytes:
        """The signature of a SHA-256 digest, 32 bytes. It lets go of the interpreter lock, so threads may sign side by side."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(digest, _PADDING, _DIGEST)
        return self.private.sign(digest)  # RFC 8463 3: the digest is what PureEdDSA signs


class Signer:
    """Makes the DKIM-Signature fields of one mailing's messages, one for each key; may be called from any thread.

    keys            RSA before Ed25519, as receivers that know only RSA expect; at least one
    shared_headers  the header fields that are the same for every reader, each ended by CRLF; they may be folded
    Raises NotSignable for headers that are cut or hold a bare CR or LF.
    """

    def __init__(self, keys: Sequence[DomainKey], *, shared_headers: bytes) -> None:
        self._keys = tuple(keys)
        self._shared_names, canonical = _canonical_fields(shared_headers)
        self._shared_hash = sha256(canonical)
        self._heads: dict[tuple[bytes, ...], tuple[tuple[bytes, bytes], ...]] = {}

    def sign(self, own_headers: bytes, body: bytes, *, signed_at: int) -> bytes:
        """The fields to put before the message: folded, each ended by CRLF.

        own_headers  the fields of this reader's copy (To, Subject, Date …), written as the shared ones
        body         what follows the blank line
        signed_at    seconds since 1970: the moment of the first attempt, so that every attempt has the same bytes
        Raises NotSignable when a field is cut, a signed field occurs twice, or there is no From.
        """
        names, canonical = _canonical_fields(own_headers)
        heads = self._heads.get(names) or self._new_heads(names)
        header_hash = self._shared_hash.copy()
        header_hash.update(canonical)
        body_hash = b2a_base64(sha256(_simple_body(body)).digest(), newline=False)
        fields: list[bytes] = []
        moments_and_body = (signed_at, signed_at + VALID_SECONDS, body_hash)
        for key, (head, relaxed_head) in zip(self._keys, heads, strict=True):
            signed_hash = header_hash.copy()
            signed_hash.update(relaxed_head % moments_and_body)
            signature = b2a_base64(key.sign_digest(signed_hash.digest()), newline=False)
            fields += (head % moments_and_body, _folded_base64(signature), b"\r\n")
        return b"".join(fields)

    def _new_heads(self, own_names: tuple[bytes, ...]) -> tuple[tuple[bytes, bytes], ...]:
        """For each key its field up to "b=", as it is written and in the form "relaxed", with places for t, x and bh.

        Kept, since most messages have the same fields.
        """
        names = self._shared_names + own_names
        twice = [name.decode() for name, count in Counter(names).items() if count > 1]
        if twice:
            raise NotSignable(f"The message has {', '.join(twice)} twice, which may stand once (RFC 5322 3.6). Nothing was signed.")
        if b"from" not in names:
            raise NotSignable("The message has no From field, without which no signature is valid (RFC 6376 5.4). Nothing was signed.")
        if len(self._heads) >= _MOST_SHAPES:
            self._heads.clear()
        written = [_head(key, names + OVERSIGNED) for key in self._keys]
        heads = self._heads[own_names] = tuple((head, _relaxed_signature(head)) for head in written)
        return heads


def _head(key: DomainKey, names: tuple[bytes, ...]) -> bytes:
    # RFC 6376 3.5; no l=, with which anybody could add to the body (8.2), and no i=, since d= is what receivers align
    who = f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/simple; d={key.domain};\r\n s={key.selector};"
    return who.encode("ascii") + b" t=%d; x=%d;\r\n h=" + _folded_names(names) + b";\r\n bh=%b;\r\n b="


def _folded_names(names: tuple[bytes, ...]) -> bytes:
    """`from:to:subject`, folded after colons."""
    lines, line = [], b" h="
    for name in names:
        if len(line) + len(name) + 1 > _LONGEST_LINE:
            lines.append(line)
            line = b" "
        line += name + b":"
    return b"\r\n".join([*lines, line])[len(" h=") : -1]


def _canonical_fields(headers: bytes) -> tuple[tuple[bytes, ...], bytes]:
    """The lower-case names of the signed fields, and these fields in the form "relaxed" (RFC 6376 3.4.2)."""
    breaks = headers.count(b"\r\n")
    if headers.count(b"\n") != breaks or headers.count(b"\r") != breaks or (headers and not headers.endswith(b"\r\n")):
        raise NotSignable("A header field is not ended by CRLF, or holds a bare CR or LF. Nothing was signed.")
    if headers[:1] in (b" ", b"\t"):
        raise NotSignable("The headers begin in the middle of a folded field. Nothing was signed.")
    unfolded = headers.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    if b"  " in unfolded or b"\t" in unfolded:
        unfolded = _BLANKS.sub(b" ", unfolded)
    names: list[bytes] = []
    canonical: list[bytes] = []
    for line in unfolded.split(b"\r\n")[:-1]:
        name, colon, value = line.partition(b":")
        if not colon:
            raise NotSignable(f"The header line {line[:60]!r} has no colon. Nothing was signed.")
        name = name.rstrip(b" ").lower()
        if name in SIGNED:
            names.append(name)
            canonical += (name, b":", value.strip(b" "), b"\r\n")
    return tuple(names), b"".join(canonical)


def _relaxed_signature(head: bytes) -> bytes:
    """Our own field, empty b=, in the form "relaxed" and without its last CRLF (RFC 6376 3.7)."""
    return b"dkim-signature:" + head[len("DKIM-Signature: ") :].replace(b"\r\n ", b" ")


def _simple_body(body: bytes) -> bytes:
    """The body with exactly one CRLF at its end (RFC 6376 3.4.3); ours has it and is not copied."""
    if body.endswith(b"\r\n") and not body.endswith(b"\r\n\r\n"):
        return body
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n"


def _folded_base64(text: bytes) -> bytes:
    return b"\r\n ".join([text[at : at + _BASE64_COLUMNS] for at in range(0, len(text), _BASE64_COLUMNS)])
