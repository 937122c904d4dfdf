"""What a distance costs: messages per round trip and connection, ours beside aiosmtplib and smtp-source, in one run.

    .venv/bin/python benchmarks/distance.py [ROUND_TRIP_MS] [ROUNDS]

The null sink holds each answer back for 10 ms (unless told), as if it stood some 1,000 km away; 10 connections. Ours composes each
message; the other two send one fixed message of the same size. Lockstep needs four round trips a message, PIPELINING (RFC 2920) one,
and with CHUNKING (RFC 3030) a window of messages shares one.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import aiosmtplib
import engine
from receivers import (
    CONNECTIONS,
    NullSink,
    Run,
    against_goal,
    in_this_process,
    interleaved,
    measured,
    middle,
    numbers,
    rate,
    smtp_source,
)

SECONDS = 2.0  # about, for each case


@dataclass(frozen=True, slots=True)
class Distance:
    """A null sink far away."""

    round_trip_ms: int

    def messages(self, each: float) -> int:
        """How many go out in SECONDS when `each` go out per round trip and connection."""
        return max(CONNECTIONS * 4, round(each * CONNECTIONS * SECONDS * 1000 / self.round_trip_ms))

    def each(self, run: Run) -> float:
        """Messages per round trip and connection."""
        return run.rate * self.round_trip_ms / 1000 / CONNECTIONS

    def case(self, send: Callable[[NullSink], Run], *, chunking: bool = False) -> Callable[[], Run]:
        def run() -> Run:
            with NullSink(delay_ms=self.round_trip_ms, chunking=chunking) as sink:
                return send(sink)

        return run


def aiosmtplib_sends(sink: NullSink, message: bytes, messages: int) -> Run:
    """The same fixed message over as many kept connections, as its manual shows."""

    async def one_connection(share: int) -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=sink.port, start_tls=False)
        async with client:
            for _ in range(share):
                await client.sendmail("log@example.org", ["reader@example.org"], message)

    async def all_connections() -> None:
        await asyncio.gather(*(one_connection(messages // CONNECTIONS) for _ in range(CONNECTIONS)))

    return measured(sink, messages // CONNECTIONS * CONNECTIONS, in_this_process(lambda: asyncio.run(all_connections())))


def main() -> None:
    round_trip_ms, rounds = numbers([10, 3])
    far, made = Distance(round_trip_ms), engine.composer()
    parcel = made.parcel_of(engine.rows(1)[0], engine.Room(made, []).date)
    message = b"".join(parcel.message)
    window = engine.WINDOW
    runs = interleaved(
        {
            "ours, CHUNKING": far.case(lambda sink: engine.send(sink, made, far.messages(0.9 * window)), chunking=True),
            "ours, PIPELINING": far.case(lambda sink: engine.send(sink, made, far.messages(0.9))),
            "aiosmtplib": far.case(lambda sink: aiosmtplib_sends(sink, message, far.messages(0.22))),
            "smtp-source": far.case(lambda sink: smtp_source(sink, far.messages(0.25), message_bytes=len(message))),
        },
        rounds,
    )
    print(f"\nround trip {round_trip_ms} ms, {CONNECTIONS} connections, message of {len(message):,} bytes, medians of {rounds}")
    for name, found in runs.items():
        print(f"  {name:<20} {middle(found, rate):9,.0f} msg/s   {middle(found, far.each):6.2f} per round trip and connection")
    print(f"\nPIPELINING, per round trip and connection   {against_goal(middle(runs['ours, PIPELINING'], far.each), 0.85)}")
    print(f"CHUNKING, the same by the window of {window:<3}     {against_goal(middle(runs['ours, CHUNKING'], far.each) / window, 0.8)}")
    for name in ("ours, PIPELINING", "ours, CHUNKING"):
        print(f"{name} x aiosmtplib   {middle(runs[name], rate) / middle(runs['aiosmtplib'], rate):6.1f}")


if __name__ == "__main__":
    main()
