"""Sets and checks the small sum that a sign-up costs while somebody attacks: a number whose hash begins with enough zero bits.

challenge   a signed token: publication, when it ends, a random salt
answer      decimal digits such that SHA-256("<challenge>.<answer>") begins with BITS zero bits; found by trying 2**BITS numbers on average
"""

import hashlib
import re

from syndication.audience import tokens

PURPOSE = "sign-up work"
BITS = (
    18  # 262,144 tries: about a second on a phone's browser (measured, docs/decisions/0009), nothing for one person, much for ten thousand
)
VALID_SECONDS = 10 * 60
SALT_BITS = 64
_FIELDS = 3
_ANSWER = re.compile(r"[0-9]{1,18}", re.ASCII).fullmatch


def challenge(publication_id: int, *, now: int, salt: int, key: bytes) -> str:
    """A new challenge; `now` in seconds since 1970, `salt` a random number below 2**SALT_BITS."""
    return tokens.make((publication_id, now + VALID_SECONDS, salt), key)


def is_solved(asked: str, answer: str, *, publication_id: int, now: int, key: bytes) -> bool:
    """Whether the answer fits a challenge of ours for this publication that has not ended. Whether it was used before is not known here."""
    numbers = tokens.read(asked, key, count=_FIELDS)
    if numbers is None or numbers[0] != publication_id or numbers[1] < now or not _ANSWER(answer):
        return False
    return zero_bits(hashlib.sha256(f"{asked}.{answer}".encode()).digest()) >= BITS


def solve(asked: str) -> str:
    """An answer, as a client finds it: for tests and for programs that use the API."""
    number = 0
    while zero_bits(hashlib.sha256(f"{asked}.{number}".encode()).digest()) < BITS:
        number += 1
    return str(number)


def zero_bits(digest: bytes) -> int:
    """How many bits at the start are zero."""
    return len(digest) * 8 - int.from_bytes(digest).bit_length()
