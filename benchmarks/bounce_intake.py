"""How many returned mails a second the listener takes and the step acts on, and what 100 MB of hostile input does to the listener's memory.

    .venv/bin/python benchmarks/bounce_intake.py [--mails 5000] [--connections 8] [--database postgresql]

Everything is real: the listener's own process, a database of its own, one signed bounce for each of so many readers. A mail counts as taken
when the listener has said 250, which it does once the mail is in the database for good; as acted on when its reader is suppressed.
"""

import argparse
import os
import re
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]
DOMAIN = "weekly.example.org"
MEGABYTE = 1 << 20
HOSTILE_BYTES = 100 * MEGABYTE
CEILING_MB = 256
"""The listener's largest resident size that this program lets pass: its rest, 40 MB of messages on their way, one of 20 MB being kept, and what
the allocator holds back."""


def dsn(address: str) -> bytes:
    """A bounce as Postfix writes it, with the headers of the original: about 2 KB."""
    returned = "".join(f"X-Header-{number}: {'returned header ' * 4}\r\n" for number in range(12))
    return (
        f"From: MAILER-DAEMON@mx.example.net\r\nTo: {address}\r\nSubject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="=_b"\r\n\r\n'
        "--=_b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you that your message could not be delivered.\r\n"
        "--=_b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; r@example.net\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 <r@example.net>: Recipient address rejected: User unknown\r\n"
        f"--=_b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: The letter\r\n{returned}--=_b--\r\n"
    ).encode()


def hostile() -> Iterator[tuple[str, list[bytes]]]:
    """Kinds of hostile input: a name, and the bodies, together HOSTILE_BYTES or a little more."""
    large = 19 * MEGABYTE
    multipart = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number) for number in range(100))
    kinds = {
        "huge lines": b"X: " + b"x" * large,
        "empty lines": b"\r\n" * (large // 2),
        "endless headers": b"Received-X: by mx.example.net\r\n" * (large // 31),
        "parts nested 100 deep": nested + b"text\r\n" * (large // 6),
        "200,000 parts": multipart + b"--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n\r\n" * (large // 65),
        "attachments of 19 MB": multipart + b"--b\r\nContent-Type: image/png\r\n\r\n" + (b"QUJD" * 19 + b"\r\n") * (large // 78),
        "21 MB": (b"x" * 998 + b"\r\n") * (21 * 1024),
    }
    for name, body in kinds.items():
        yield name, [b"Subject: %d\r\n" % number + body for number in range(-(-HOSTILE_BYTES // len(body)))]


class Talk:
    """One pipelined SMTP conversation."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")
        self.reply()
        self._socket.sendall(b"EHLO bench\r\n")
        self.reply()

    def reply(self) -> int:
        """The code of the next reply."""
        while (line := self._lines.readline())[3:4] == b"-":
            pass
        return int(line[:3] or 0)

    def send(self, recipient: str, body: bytes) -> int:
        """Hand one mail over; the last code."""
        self._socket.sendall(b"MAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\n" % recipient.encode())
        codes = [self.reply() for _ in range(3)]
        if codes[-1] != 354:
            return codes[-1]
        self._socket.sendall(body.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
        return self.reply()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


def send_all(port: int, mails: Iterable[tuple[str, bytes]], connections: int) -> tuple[float, list[int]]:
    """Send mails over so many connections at once; the seconds, and the codes."""
    todo, codes, lock = iter(mails), list[int](), threading.Lock()

    def work() -> None:
        talk = Talk(port)
        while True:
            with lock:
                mail = next(todo, None)
            if mail is None:
                talk.close()
                return
            codes.append(talk.send(*mail))

    began = time.monotonic()
    with ThreadPoolExecutor(connections) as pool:
        for one in [pool.submit(work) for _ in range(connections)]:
            one.result()
    return time.monotonic() - began, codes


def resident_mb(pid: int, what: str) -> float:
    """VmRSS (now) or VmHWM (the peak since `forget_peak`) of a process."""
    found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def forget_peak(pid: int) -> None:
    """Begin the peak anew (Linux: proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def audience(count: int) -> list[str]:
    """A publication, so many readers and a mailing to them; the address to which each copy bounces."""
    from django.utils import timezone

    from syndication.articles.models import Publication
    from syndication.audience import tokens
    from syndication.audience.keys import address_hash, copy_key
    from syndication.audience.models import Subscriber, SubscriberList
    from syndication.delivery.models import Mailing

    publication = Publication.objects.create(slug="w", name="W", sender_name="W", sender_address=f"e@{DOMAIN}", mail_domain=DOMAIN)
    chosen = SubscriberList.objects.create(publication=publication, slug="news", name="News")
    names = [f"r{number}@example.net" for number in range(count)]
    Subscriber.objects.bulk_create([Subscriber(address=name, address_hash=address_hash(name)) for name in names], batch_size=500)
    plain = {"key": "campaign:1", "subject": "s", "html": "h", "text": "t", "content_hash": "0" * 64, "frozen_at": timezone.now()}
    mailing = Mailing.objects.create(publication=publication, list=chosen, envelope={"mail_domain": DOMAIN}, **plain)
    ids = Subscriber.objects.order_by("pk").values_list("pk", flat=True)
    return [f"b+{tokens.of_copy(mailing.pk, pk, chosen.pk, copy_key()).bounce}@{DOMAIN}" for pk in ids]


def act() -> tuple[int, float]:
    """Read and act on all that was kept, as the worker does; how many and the seconds."""
    from django.utils import timezone

    from syndication.delivery.bounces.read_inbound import read_inbound

    began, done = time.monotonic(), 0
    while some := read_inbound(timezone.now):
        done += some
    return done, time.monotonic() - began


def measure_speed(port: int, options: argparse.Namespace) -> None:
    """Print the rates, and end the program when anything was lost."""
    from syndication.audience.models import Suppression

    addresses = audience(options.mails)
    seconds, codes = send_all(port, ((address, dsn(address)) for address in addresses), options.connections)
    assert codes == [250] * options.mails, sorted(set(codes))
    print(
        f"taken:     {options.mails / seconds:7,.0f} mails/s through the listener over {options.connections} connections, each durable before its 250"
    )
    done, seconds = act()
    assert done == Suppression.objects.filter(reason="bounced").count() == options.mails
    print(f"acted on:  {done / seconds:7,.0f} mails/s by one worker, {done:,} of {options.mails:,} readers suppressed")


def measure_memory(port: int, pid: int) -> None:
    """Print the listener's memory under each kind of hostile input, and end the program when the ceiling does not hold."""
    rest = resident_mb(pid, "VmRSS")
    print(f"memory:    {rest:7,.0f} MB resident after the bounces above; then, over 8 connections at once:")
    peaks = []
    for name, bodies in hostile():
        rounds = []
        for turn in range(2):
            forget_peak(pid)
            mails = [(f"postmaster@{DOMAIN}", b"X-Round: %d\r\n" % turn + body) for body in bodies]
            seconds, codes = send_all(port, mails, 8)
            rounds.append(resident_mb(pid, "VmHWM"))
        answers = ", ".join(f"{codes.count(code)} x {code}" for code in sorted(set(codes)))
        total = sum(map(len, bodies)) / MEGABYTE
        print(
            f"  {name:22} {total:4.0f} MB: peak {rounds[0]:4.0f} MB, the same again {rounds[1]:4.0f} MB ({answers}; {total / seconds:,.0f} MB/s)"
        )
        peaks += rounds
    print(f"  ceiling: peak {max(peaks):.0f} MB of {CEILING_MB} MB allowed; {resident_mb(pid, 'VmRSS'):.0f} MB resident afterwards")
    assert max(peaks) <= CEILING_MB
    began = resident_mb(os.getpid(), "VmRSS")
    forget_peak(os.getpid())
    done, seconds = act()
    print(
        f"  reading what was kept of it: {done} mails in {seconds:.1f} s, {resident_mb(os.getpid(), 'VmHWM') - began:+.0f} MB in the reading process"
    )


def set_up(stack: ExitStack, options: argparse.Namespace) -> Path:
    """A home and a database of our own, migrated; the folder."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bounce-intake-")))
    for name in [one for one in os.environ if one.startswith(("SYNDICATION_", "DATABASE_URL", "REDIS_URL"))]:
        del os.environ[name]
    os.environ |= {
        "SYNDICATION_HOME": str(folder / "home"),
        "SYNDICATION_FEEDS": str(folder / "feeds"),
        "DJANGO_SETTINGS_MODULE": "syndication.settings",
    }
    if options.database == "postgresql":
        from support import postgresql

        server = postgresql.start()
        stack.callback(server.stop)
        os.environ["DATABASE_URL"] = server.url()
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return folder


def start_listener(stack: ExitStack, folder: Path) -> tuple[Any, int]:
    """The listener's process and its port."""
    from support.waiting import wait_until

    from syndication.cli import processes

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    log = folder / "listener.log"
    command = [sys.executable, "-m", "syndication.cli.listener", "--port", str(port)]
    environ = dict(os.environ) | {"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as output:
        process = processes.start(command, environ=environ, folder=folder, output=output.fileno())
    stack.callback(processes.stop, process, grace_seconds=5)
    wait_until(lambda: b"ready on" in log.read_bytes(), seconds=30, what=log.read_text)
    return process, port


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=5000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = set_up(stack, options)
        process, port = start_listener(stack, folder)
        print(f"{options.database}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        measure_speed(port, options)
        measure_memory(port, process.pid)


if __name__ == "__main__":
    main()
