"""Composing and sending in one process beside Postfix's smtp-source, which sends one fixed message of the same size, in one run.

    .venv/bin/python benchmarks/engine_alone.py [ROUNDS]

The newsletter (some 33.5 KB, ten links, the reader's name) to readers of whom each has another name; 10 connections on loopback; no queue,
no journal, no ledger: those are in whole_product.py. Each round runs every case once, in another order, each into a fresh receiver;
ratios are made within a round and their medians are shown. Signed cases send fewer messages.
"""

from collections.abc import Callable

import engine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from receivers import NullSink, PostfixSink, Receiver, Run, against_goal, cpu_us, interleaved, middle, numbers, rate, ratio, smtp_source

from syndication.delivery.mailing.compose import Composer
from syndication.delivery.signing.dkim import DomainKey

SINKS: dict[str, Callable[[], Receiver]] = {"null": NullSink, "null, CHUNKING": lambda: NullSink(chunking=True), "smtp-sink": PostfixSink}
MESSAGES = {"null": 20_000, "null, CHUNKING": 20_000, "smtp-sink": 4_000}
ED25519_MESSAGES, RSA_MESSAGES = 6_000, 1_500


def ours(made: Composer | engine.Fixed, sink: str, messages: int) -> Callable[[], Run]:
    """A case."""

    def run() -> Run:
        with SINKS[sink]() as receiver:
            return engine.send(receiver, made, messages)

    return run


def theirs(sink: str, message_bytes: int) -> Callable[[], Run]:
    """The reference case."""

    def run() -> Run:
        with SINKS[sink]() as receiver:
            return smtp_source(receiver, MESSAGES[sink], message_bytes=message_bytes)

    return run


def main() -> None:
    (rounds,) = numbers([5])
    plain = engine.composer()
    size = engine.message_bytes(plain)
    ed25519 = DomainKey("example.org", "ed", Ed25519PrivateKey.generate())
    rsa = DomainKey("example.org", "rsa", generate_private_key(65537, 2048))
    cases = {f"ours -> {sink}": ours(plain, sink, MESSAGES[sink]) for sink in SINKS}
    cases |= {f"smtp-source -> {sink}": theirs(sink, size) for sink in SINKS}
    cases["ours, not composing -> null"] = ours(engine.Fixed(plain), "null", MESSAGES["null"])
    cases["ours, Ed25519 -> null"] = ours(engine.composer(ed25519), "null", ED25519_MESSAGES)
    cases["ours, Ed25519 -> smtp-sink"] = ours(engine.composer(ed25519), "smtp-sink", MESSAGES["smtp-sink"])
    cases["ours, RSA-2048 -> null"] = ours(engine.composer(rsa), "null", RSA_MESSAGES)
    ours(plain, "null", 1_000)()  # what is made once a process
    print(f"message of {size:,} bytes, {rounds} rounds")
    report(interleaved(cases, rounds))


def report(runs: dict[str, list[Run]]) -> None:
    def times(sink: str) -> float:
        return ratio(runs, f"ours -> {sink}", f"smtp-source -> {sink}", rate)

    print("\nmedians                                    msg/s   CPU us   receiver's CPU us")
    for name, found in runs.items():
        receiver = middle(found, lambda run: run.sink_cpu_seconds / run.messages * 1e6)
        print(f"  {name:<34} {middle(found, rate):10,.0f} {middle(found, cpu_us):8.1f} {receiver:8.1f}")
    cpu = ratio(runs, "ours -> null", "smtp-source -> null", cpu_us)
    print(f"\nx smtp-source, null sink              {against_goal(times('null'), 1.15)}")
    print(f"x smtp-source, null sink, CHUNKING    {against_goal(times('null, CHUNKING'), 1.35)}")
    print(f"x smtp-source, smtp-sink              {against_goal(times('smtp-sink'), 1.0)}")
    print(f"x smtp-source in CPU a message        {against_goal(cpu, 0.9, at_most=True)}")
    signed = ratio(runs, "ours, Ed25519 -> null", "ours -> null", rate)
    print(f"x unsigned, Ed25519, null sink        {against_goal(signed, 0.33)}")
    print(f"x smtp-source, Ed25519, smtp-sink     {ratio(runs, 'ours, Ed25519 -> smtp-sink', 'smtp-source -> smtp-sink', rate):6.2f}")
    print(f"x smtp-source, RSA-2048, null sink    {ratio(runs, 'ours, RSA-2048 -> null', 'smtp-source -> null', rate):6.2f}")


if __name__ == "__main__":
    main()
