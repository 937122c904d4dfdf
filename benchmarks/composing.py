"""What composing one message costs, beside Jinja2 with the standard library's EmailMessage and beside a bare `bytes %`, in one run.

    .venv/bin/python benchmarks/composing.py [ROUNDS]

The shipped newsletter theme, an article of some 33 KB on the wire with ten links, a thousand readers of different names. Each round
takes turns, a slice of readers each, so that a busy machine slows all alike; CPU time of this process, the median of the rounds.
Ours is Composer.parcel_of() and its pieces joined: tokens, links, envelope and the exact bytes, for a plain newsletter and for one with conditions, loops
and filters. Theirs is the same three templates in plain Jinja2, EmailMessage with an alternative, as_bytes(). The floor is one
`bytes % tuple` of the finished message.
"""

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))
os.environ.setdefault("SYNDICATION_HOME", tempfile.mkdtemp(prefix="composing-"))
os.environ["SYNDICATION_BASE_URL"] = "https://news.example.org"
os.environ["DJANGO_SETTINGS_MODULE"] = "syndication.settings"

import django

django.setup()

import jinja2
from django.conf import settings

from syndication.delivery.mailing.compose import Composer
from syndication.delivery.mailing.freeze import Frozen
from syndication.rendering.article import Brand, Content
from syndication.rendering.email import EmailTemplates, email_templates
from syndication.rendering.message import Envelope
from syndication.rendering.reader import ReaderRow
from syndication.rendering.themes import load_theme

DATE = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
SLICE = 250  # readers a turn
THEIR_SLICE = 5
WORDS = [
    "a",
    "garden",
    "keeps",
    "its",
    "own",
    "time",
    "and",
    "whoever",
    "tends",
    "it",
    "learns",
    "to",
    "wait",
    "for",
    "rain",
    "for",
    "bees",
    "for",
    "the",
    "slow",
    "work",
    "of",
    "roots",
    "below",
    "stone",
    "paths",
    "while",
    "the",
    "seasons",
    "turn",
    "above",
    "and",
    "every",
    "morning",
    "brings",
    "one",
    "more",
    "small",
    "repair",
    "to",
    "a",
    "fence",
    "a",
    "gate",
    "a",
    "bed",
    "of",
    "beans",
]
FIRST_NAMES = ["Ada", "Grace", "Alan", "Barbara", "Edsger", "Zoë", "Margaret", "Jürgen", "Anna", "Ludwig", "Mei", "Omar", "Ines", "Piotr"]
LAST_NAMES = ["Lindgren", "Hopper", "Turner", "Müller", "Marsh", "Hamilton", "Tomson", "Kay", "Smith", "Jones", "Berg", "Silva", "Nowak"]
LOGIC = (
    '{% if subscriber.attributes.plan == "pro" %}<p>Thank you for paying, {{ subscriber.first_name | default("dear reader") | upper }}.</p>'
    "{% endif %}{% for topic in subscriber.attributes.topics %}<p>New for {{ topic | title }}{% if not loop.last %},{% endif %}</p>"
    "{% else %}<p>Choose your topics.</p>{% endfor %}"
)


def article(logic: str) -> str:
    chance = random.Random(7)

    def sentence(words: int) -> str:
        return " ".join(chance.choice(WORDS) for _ in range(words)).capitalize() + "."

    parts = ['<p>Hello {{ subscriber.first_name | default("there") }}, ' + sentence(30) + "</p>", logic]
    for number in range(10):
        link = f'<a href="https://example.org/story/{number}/">Story number {number}</a>'
        parts += [f"<h2>{sentence(4)}</h2><p>{sentence(45)} {sentence(20)}</p><p>{sentence(25)} {link}. {sentence(15)}</p>"]
        parts += [f"<ul><li>{sentence(8)}</li><li>{sentence(9)}</li></ul>"]
    return "".join(parts)


BRAND = Brand(
    name="The Garden Letter",
    description="Small things that grow",
    language="en",
    postal_address="Example Street 1\n1010 Vienna",
    sender_name="Mara – The Garden Letter",
    sender_address="mara@garden.example",
    reply_to="post@garden.example",
    mail_domain="garden.example",
    list_name="Weekly notes",
    list_slug="weekly",
    home_url="https://news.example.org/a/letter/",
    time_zone="UTC",
)


def composer_of(logic: str, subject: str) -> tuple[Composer, EmailTemplates]:
    """As delivery/freeze.py freezes an article."""
    content = Content(
        title="What a garden knows",
        summary="Ten small stories from one year behind the potting shed.",
        html=article(logic),
        author="Mara Lind",
        language="en",
        published_at=DATE,
        permanent_id="urn:x",
        url="https://news.example.org/a/letter/garden/",
    )
    templates = email_templates(content, BRAND, load_theme(settings.TEMPLATES_DIR / "email" / "newsletter"), subject=subject)
    envelope = Envelope(
        from_name=BRAND.sender_name,
        from_address=BRAND.sender_address,
        reply_to=BRAND.reply_to,
        mail_domain=BRAND.mail_domain,
        list_id="weekly.garden.example",
        list_name=BRAND.list_name,
        language="en",
    )
    composer = Composer(Frozen(templates, envelope, content.url), uid="0123456789abcdef0123456789abcdef", mailing_id=417, list_id=3)
    return composer, templates


def readers() -> list[ReaderRow]:
    chance = random.Random(11)
    rows = []
    for number in range(1000):
        name = f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}" if number % 10 else ""
        topics = chance.sample(["moss", "ferns", "roses", "bees"], number % 4)
        attributes = {"plan": chance.choice(["free", "pro"]), "topics": topics} if number % 2 else {}
        rows.append(ReaderRow(700_000 + number, f"reader{number}@example.org", name, attributes, "en"))
    return rows


def ours(composer: Composer) -> Callable[[ReaderRow], object]:
    return lambda row: b"".join(composer.parcel_of(row, DATE).message)


def theirs(templates: EmailTemplates) -> Callable[[ReaderRow], object]:
    """As such code is written, the templates compiled once."""
    plain, markup = jinja2.Environment(), jinja2.Environment(autoescape=True)
    subject, text, html = plain.from_string(templates.subject), plain.from_string(templates.text), markup.from_string(templates.html)

    def compose(row: ReaderRow) -> bytes:
        first, _, last = row.name.partition(" ")
        subscriber = {"name": row.name, "address": row.address, "attributes": row.attributes, "last_name": last}
        subscriber |= {"first_name": first} if first else {}
        url = f"https://news.example.org/u/{row.subscriber_id:036}/"
        values = {"subscriber": subscriber, "unsubscribe_url": url, "page_url": "https://news.example.org/a/letter/garden/"}
        message = EmailMessage(policy=SMTP)
        message["From"] = "Mara – The Garden Letter <mara@garden.example>"
        message["To"] = row.address
        message["Subject"] = subject.render(values)
        message["Date"] = DATE
        message["Message-ID"] = f"<{row.subscriber_id:036}@garden.example>"
        message["List-Unsubscribe"] = f"<{url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(text.render(values))
        message.add_alternative(html.render(values), subtype="html")
        return message.as_bytes()

    return compose


def floor(composer: Composer, row: ReaderRow) -> Callable[[ReaderRow], object]:
    """The least that writing a message into one buffer costs: the finished one with four holes."""
    octets = b"".join(composer.parcel_of(row, DATE).message).replace(b"%", b"%%")
    quarter = len(octets) // 4 // 2 * 2
    form = b"%b".join(octets[start : start + quarter].strip(b"%") for start in range(0, len(octets), quarter))
    holes = form.count(b"%b")
    return lambda row: form % ((row.address.encode(),) * holes)


def microseconds(work: Callable[[ReaderRow], object], rows: list[ReaderRow]) -> float:
    """CPU time of one message."""
    start = time.process_time()
    for row in rows:
        work(row)
    return (time.process_time() - start) / len(rows) * 1e6


def main(rounds: int) -> None:
    rows = readers()
    composer, templates = composer_of("", "")
    with_name, _ = composer_of("", '{{ subscriber.first_name | default("Dear reader") }}, what a garden knows')
    with_logic, _ = composer_of(LOGIC, "")
    cases: dict[str, tuple[Callable[[ReaderRow], object], int]] = {
        "ours": (ours(composer), SLICE),
        "ours, name in the subject": (ours(with_name), SLICE),
        "ours, conditions, loop, filters": (ours(with_logic), SLICE),
        "Jinja2 + EmailMessage": (theirs(templates), THEIR_SLICE),
        "floor: bytes %": (floor(composer, rows[1]), SLICE),
    }
    taken: dict[str, list[float]] = {name: [] for name in cases}
    order = random.Random(3)
    for turn in range(rounds):
        for name in order.sample(list(cases), len(cases)):
            work, size = cases[name]
            start = turn * size % len(rows)
            taken[name].append(microseconds(work, rows[start : start + size]))
    message = b"".join(composer.parcel_of(rows[1], DATE).message)
    median = {name: statistics.median(values) for name, values in taken.items()}
    print(f"message of {len(message):,} bytes, {templates.html.count('<a ')} links, {rounds} rounds, medians (least)")
    for name, value in median.items():
        print(f"{name:34} {value:9.2f} us ({min(taken[name]):.2f})")
    least = {name: min(values) for name, values in taken.items()}
    for name in list(cases)[:3]:
        ratio, least_ratio = median["Jinja2 + EmailMessage"] / median[name], least["Jinja2 + EmailMessage"] / least[name]
        print(
            f"{name}: 1/{ratio:.0f} of Jinja2 + EmailMessage (1/{least_ratio:.0f}), {median[name] / median['floor: bytes %']:.1f} x the floor"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
