"""Asks two verifiers that are not ours about DKIM signatures: dkimpy, and OpenDKIM's library where it is installed."""

import ctypes.util
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import dkim

PROGRAM = Path(__file__).parent / "libopendkim.py"
HAS_OPENDKIM = ctypes.util.find_library("opendkim") is not None
WITHOUT_OPENDKIM = "no libopendkim found; install the Debian package libopendkim11"


def records_of(keys: Sequence) -> dict[str, str]:
    """What DNS would say for these DomainKeys: name -> TXT record."""
    from syndication.delivery.signing.record import public_half, record_name, record_text

    texts = [record_text(key.algorithm.partition("-")[0], public_half(key.private)) for key in keys]
    return {record_name(key.selector, key.domain): text for key, text in zip(keys, texts, strict=True)}


def by_dkimpy(message: bytes, records: Mapping[str, str]) -> list[bool]:
    """A verdict for each signature, from the top."""
    return [not why for why in reasons_of_dkimpy(message, records)]


def reasons_of_dkimpy(message: bytes, records: Mapping[str, str]) -> list[str]:
    """For each signature why it does not hold; empty when it does."""

    def txt(name: bytes, timeout: float = 5) -> bytes | None:
        found = records.get(name.decode().rstrip("."))
        return found.encode() if found else None

    count = message.partition(b"\r\n\r\n")[0].lower().count(b"dkim-signature:")
    reasons = []
    for number in range(count):
        try:
            reasons.append("" if dkim.DKIM(message).verify(idx=number, dnsfunc=txt) else "the signature is another")
        except dkim.ValidationError as error:  # also for another body
            reasons.append(str(error))
    return reasons


def by_opendkim(message: bytes, records: Mapping[str, str], folder: Path) -> list[str]:
    """For each signature, from the top: its selector, then "pass" or why not."""
    key_file = folder / "keys"
    key_file.write_text("".join(f"{name} {text}\n" for name, text in records.items()))
    done = subprocess.run([sys.executable, PROGRAM, key_file], input=message, check=True, capture_output=True)
    return done.stdout.decode().splitlines()
