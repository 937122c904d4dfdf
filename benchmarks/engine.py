"""The engine without queue, journal and ledger, for the load programs: the newsletter frozen in memory, the real Composer, the real Exchange.

Importing it sets Django up with a home of its own that nothing is written to; no database is touched.
"""

import os
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

import django
import newsletter
from receivers import CONNECTIONS, Receiver, Run, in_this_process, measured

_home = tempfile.TemporaryDirectory(prefix="syndication-engine-")
os.environ |= {"SYNDICATION_HOME": _home.name, "DJANGO_SETTINGS_MODULE": "syndication.settings"}
django.setup()

from django.conf import settings

from syndication import environment
from syndication.articles.cleaning import clean
from syndication.articles.models import Article, Publication
from syndication.audience.models import SubscriberList
from syndication.delivery.mailing.compose import Composer
from syndication.delivery.mailing.freeze import Frozen
from syndication.delivery.outcome import Answer
from syndication.delivery.parcel import Parcel
from syndication.delivery.sending.ahead import MOST_AHEAD
from syndication.delivery.sending.send import calm_the_collector
from syndication.delivery.signing.dkim import DomainKey, Signer
from syndication.delivery.wire.exchange import Exchange
from syndication.environment import SmtpAddress
from syndication.rendering.adapt import brand_of, content_of
from syndication.rendering.email import email_templates
from syndication.rendering.message import Envelope
from syndication.rendering.reader import ReaderRow
from syndication.rendering.themes import load_theme

BASE_URL = "https://news.example.org"
HOST_NAME = "bench.example.org"
STUCK_SECONDS = 60
WINDOW = SmtpAddress("127.0.0.1", 25).window  # messages on their way on one connection with CHUNKING, by default


def composer(*keys: DomainKey) -> Composer:
    """The newsletter, ready to be composed; signed when there are keys."""
    cleaned = clean(newsletter.article(), name="newsletter.md")
    publication = Publication(
        pk=1, slug="log", name="The log", sender_name="The log", sender_address="log@example.org", mail_domain="example.org"
    )
    to = SubscriberList(pk=1, publication=publication, slug="news", name="News")
    article = Article(
        pk=1, publication=publication, slug=cleaned.slug, title=cleaned.title, summary=cleaned.summary, html=cleaned.html, language="en"
    )
    brand = brand_of(publication, BASE_URL, to)
    templates = email_templates(content_of(article, BASE_URL), brand, load_theme(settings.TEMPLATES_DIR / "email" / publication.theme))
    envelope = Envelope(
        from_name=brand.sender_name,
        from_address=brand.sender_address,
        reply_to=brand.reply_to,
        mail_domain=brand.mail_domain,
        list_id=f"{to.slug}.{brand.mail_domain}",
        list_name=to.name,
        language=brand.language,
    )
    made = Composer(Frozen(templates, envelope, page_url=f"{BASE_URL}/a/log/ferry/"), uid="0" * 32, mailing_id=1, list_id=1)
    if keys:
        made.signer = Signer(keys, shared_headers=made.compiled.shared_headers)
    return made


class Fixed:
    """Composes nothing: the same parcel for everybody, to see what sending alone costs."""

    def __init__(self, made: Composer) -> None:
        self.parcel = made.parcel_of(rows(1)[0], datetime.now(UTC))

    def parcel_of(self, row: ReaderRow, date: datetime) -> Parcel:
        del row, date
        return self.parcel


@dataclass(slots=True)
class Job:
    """What the exchange carries."""

    parcel: Parcel


@dataclass(slots=True)
class Room:
    """The exchange's mailroom with nothing behind it: composes as far ahead as a run does, and counts the answers."""

    composer: Composer | Fixed
    rows: list[ReaderRow]
    date: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    ahead: deque[Job] = field(default_factory=deque)
    delivered: int = 0
    trouble: str = ""

    def next_job(self, server: SmtpAddress) -> Job | None:
        del server
        if not self.ahead:
            rows = [self.rows.pop() for _ in range(min(MOST_AHEAD, len(self.rows)))]
            self.ahead.extend([Job(self.composer.parcel_of(row, self.date)) for row in rows])
        return self.ahead.popleft() if self.ahead else None

    def begin(self, job: Job) -> bool:
        del job
        return True

    def answered(self, job: Job, answer: Answer) -> None:
        if answer.code == 250:
            self.delivered += 1
        else:
            self.trouble = f"{job.parcel.recipient}: {answer}"

    def lost(self, job: Job, why: str, *, after_dot: bool) -> None:
        self.trouble = f"{job.parcel.recipient}: {why} (after the dot: {after_dot})"

    def returned(self, job: Job) -> None:
        self.trouble = f"{job.parcel.recipient} came back"

    def away(self, server: SmtpAddress, why: str) -> None:
        self.trouble = f"{server}: {why}"

    def flush(self) -> None:
        """Nothing is kept."""


def rows(count: int) -> list[ReaderRow]:
    """As many readers' rows as the ledger would read."""
    return [ReaderRow(number, newsletter.address_of(number), newsletter.name_of(number), {}, "") for number in range(1, count + 1)]


def message_bytes(made: Composer) -> int:
    """The size of a message on the wire."""
    return made.parcel_of(rows(1)[0], datetime.now(UTC)).size_bytes


def carry(room: Room, port: int, *, connections: int = CONNECTIONS) -> None:
    """Send all that the room has, connecting included, to a receiver on loopback; CHUNKING is used where it is offered."""
    calm_the_collector()  # as the product's own runs do
    exchange, messages = Exchange(room, host_name=HOST_NAME), len(room.rows)
    exchange.staff(environment.smtp(f"smtp://127.0.0.1:{port}"), connections)
    give_up_at = time.monotonic() + STUCK_SECONDS
    while room.delivered < messages:
        exchange.turn(0.1)
        if room.trouble or time.monotonic() > give_up_at:
            raise SystemExit(f"{room.delivered} of {messages} messages went out: {room.trouble or 'nothing more happens'}")
    exchange.close()


def send(receiver: Receiver, made: Composer | Fixed, messages: int) -> Run:
    """Compose and send so many messages in this process."""
    room = Room(made, rows(messages))
    return measured(receiver, messages, in_this_process(lambda: carry(room, receiver.port)))


def main(words: list[str]) -> None:
    """`engine.py PORT MESSAGES` says when it is ready, waits for a line, and sends; whole_product.py starts several."""
    made = composer()
    if len(words) != 2:
        print(__doc__, f"\nThe message has {message_bytes(made):,} bytes.")
        return
    message_bytes(made)
    print("ready", flush=True)
    sys.stdin.readline()
    carry(Room(made, rows(int(words[1]))), int(words[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
