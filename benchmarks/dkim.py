"""What signing costs: our rate beside the bare RSA rate of OpenSSL, and beside dkimpy, in one run.

    .venv/bin/python benchmarks/dkim.py [ROUNDS]

One process, one core; a newsletter of 33 KB whose shared headers are prepared once and whose own headers and body differ each time. `openssl speed` and
ours take turns, a second each, since other programs use this machine too; medians. CPU time, not wall time, so that waiting counts for nobody.
dkimpy (only with requirements-dev.txt) signs the same message with a list of the same fields.
"""

import base64
import hashlib
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # not this folder, in which this file would hide the library of its name

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from syndication.delivery.signing.dkim import DomainKey, Signer

SECONDS = 1
PAIRS = 4  # in each round
SHARED = (
    b"From: =?utf-8?q?Mara_=E2=80=93_The_Garden_Letter?= <mara@garden.example>\r\nReply-To: post@garden.example\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative;\r\n boundary="=_0a636f2ee2348094e47d4613"\r\nList-Id: Weekly notes <weekly.garden.example>\r\n'
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nFeedback-ID: 0f4a:weekly:campaign:garden-example\r\nPrecedence: bulk\r\n"
)
OWN = (
    b"To: Reader Number%d <reader%d@example.org>\r\nSubject: =?utf-8?q?Ein_Teich_im_Eimer=2C_f=C3=BCr_Leserin?= =?utf-8?q?_%d?=\r\n"
    b"List-Unsubscribe: <https://garden.example/u/aeaqqaiba3x7bhmc%d/>,\r\n <mailto:u+aeaqqaiba3x7bhmc%d@garden.example?subject=unsubscribe>\r\n"
    b"Date: Tue, 01 Dec 2026 08:30:00 +0000\r\nMessage-ID: <aeaqqaiba3x7bhmc%d@garden.example>\r\n"
)
LINE = b"Water beetles come within a week; in a month, if you are lucky, a frog =\r\n"
BODY = LINE * 440 + b"--%d--\r\n"  # 33 KB


def rate(work: Callable[[int], object], seconds: float = SECONDS) -> float:
    """Calls for each second of this process's CPU."""
    start, count = time.process_time(), 0
    while time.process_time() - start < seconds:
        for number in range(count, count + 20):
            work(number)
        count += 20
    return count / (time.process_time() - start)


def signing(*keys: DomainKey) -> Callable[[int], bytes]:
    signer = Signer(keys, shared_headers=SHARED)
    return lambda number: signer.sign(OWN % ((number,) * 6), BODY % number, signed_at=1_796_113_800)


def openssl_rate(algorithm: str) -> float:
    """Signatures per second of `openssl speed`."""
    done = subprocess.run(["openssl", "speed", "-seconds", "1", algorithm], check=True, capture_output=True, text=True)
    numbers = re.findall(r"\d+\.\d+", done.stdout.splitlines()[-1])
    return next(float(number) for number in numbers if float(number) > 1)


class NoArithmetic(DomainKey):
    """A key whose signature costs nothing, to see all that is not arithmetic."""

    def sign_digest(self, digest: bytes) -> bytes:
        return digest * 8


def dkimpy_signing(key: DomainKey) -> Callable[[int], bytes] | None:
    try:
        import dkim
    except ImportError:
        return None
    names = [line.partition(b":")[0].lower() for line in (SHARED + OWN).replace(b"\r\n ", b" ").split(b"\r\n")[:-1]]
    names += [b"from", b"to", b"subject", b"date", b"reply-to"]
    if isinstance(key.private, rsa.RSAPrivateKey):
        secret, name = key.private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()), b"rsa-sha256"
    else:
        secret, name = base64.b64encode(key.private.private_bytes_raw()), b"ed25519-sha256"

    def sign(number: int) -> bytes:
        message = SHARED + OWN % ((number,) * 6) + b"\r\n" + BODY % number
        one = dkim.DKIM(message)
        return one.sign(
            b"s1", b"garden.example", secret, signature_algorithm=name, include_headers=names, canonicalize=(b"relaxed", b"simple")
        )

    return sign


def two_threads(work: Callable[[int], object], each: int = 1500) -> float:
    """How many times one thread's rate (wall clock) two threads reach: signing lets go of the interpreter lock."""

    def spend() -> None:
        for number in range(each):
            work(number)

    start = time.perf_counter()
    spend()
    alone = time.perf_counter() - start
    threads = [threading.Thread(target=spend) for _ in range(2)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 2 * alone / (time.perf_counter() - start)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rsa_key = DomainKey("garden.example", "r1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    ed25519_key = DomainKey("garden.example", "e1", Ed25519PrivateKey.generate())
    cases = {
        "own headers filled in": lambda number: OWN % ((number,) * 6),
        "all but the arithmetic": signing(NoArithmetic("garden.example", "n1", rsa_key.private)),
        "body filled in, SHA-256": lambda number: hashlib.sha256(BODY % number).digest(),
        "RSA-2048": signing(rsa_key),
        "Ed25519": signing(ed25519_key),
        "both": signing(rsa_key, ed25519_key),
    }
    for name, key in (("RSA-2048", rsa_key), ("Ed25519", ed25519_key)):
        work = dkimpy_signing(key)
        if work:
            cases[f"dkimpy {name}"] = work
    found: dict[str, list[float]] = {name: [] for name in ("openssl rsa2048", "openssl ed25519", *cases)}
    pairs = []
    for _ in range(rounds):
        # one right after the other, so that both see the same load
        pairs += [(openssl_rate("rsa2048"), rate(cases["RSA-2048"])) for _ in range(PAIRS)]
        found["openssl ed25519"].append(openssl_rate("ed25519"))
        for name, work in cases.items():
            found[name].append(rate(work))
    found["openssl rsa2048"] = [theirs for theirs, _ in pairs]
    found["RSA-2048"] = [mine for _, mine in pairs]
    middle = {name: statistics.median(rates) for name, rates in found.items()}
    print(f"{'one core':24} {'per s':>10} {'us':>9}")
    for name, value in middle.items():
        print(f"{name:24} {value:10,.0f} {1e6 / value:9.1f}")
    print(f"RSA-2048 / openssl speed rsa2048: {statistics.median(mine / theirs for theirs, mine in pairs):.3f} (goal 0.82)")
    python = 1e6 / middle["all but the arithmetic"] - 1e6 / middle["body filled in, SHA-256"] - 1e6 / middle["own headers filled in"]
    print(f"Python around hash and arithmetic: {python:.1f} us a message (budget 25)")
    for name in ("RSA-2048", "Ed25519"):
        if f"dkimpy {name}" in middle:
            print(f"ours / dkimpy, {name}: {middle[name] / middle[f'dkimpy {name}']:.1f}")
    print(f"two threads / one: RSA-2048 {two_threads(cases['RSA-2048']):.2f}, Ed25519 {two_threads(cases['Ed25519']):.2f}")


if __name__ == "__main__":
    main()
