"""The sample newsletter of the rendering tests: one article, one publication, one reader."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from syndication.rendering.article import Brand, Content
from syndication.rendering.email import EmailTemplates, email_templates
from syndication.rendering.message import CompiledMailing, Envelope, Links
from syndication.rendering.reader import Reader, reader_from
from syndication.rendering.themes import load_theme

ROOT = Path(__file__).parents[2]
THEMES = ROOT / "templates" / "email"
SAMPLE = ROOT / "tests" / "samples" / "rendering" / "newsletter"
LINKS = Links(
    unsubscribe="https://garden.example/u/T0kenOfAda/",
    one_click="https://garden.example/u/T0kenOfAda/",
    unsubscribe_mailto="mailto:u+T0kenOfAda@garden.example?subject=unsubscribe",
    page="https://garden.example/a/letter/pond/",
    preferences="https://garden.example/p/T0kenOfAda/",
)


def content_from(kept: dict[str, Any]) -> Content:
    moment = kept["published_at"]
    return Content(**{**kept, "published_at": datetime.fromisoformat(moment) if moment else None})


def reader_of(kept: dict[str, Any]) -> Reader:
    return reader_from(kept["address"], kept["name"], kept["attributes"], kept["locale"])


def envelope_of(brand: Brand, kind: str = "campaign") -> Envelope:
    return Envelope(
        from_name=brand.sender_name,
        from_address=brand.sender_address,
        reply_to=brand.reply_to,
        mail_domain=brand.mail_domain,
        list_id=f"{brand.list_slug}.{brand.mail_domain}",
        list_name=brand.list_name,
        kind=kind,
        language=brand.language,
    )


@dataclass(frozen=True)
class Letter:
    """The sample, and what it becomes."""

    content: Content
    brand: Brand
    reader: Reader
    templates: EmailTemplates

    @property
    def mailing(self) -> CompiledMailing:
        return CompiledMailing(self.templates, envelope_of(self.brand), uid="0f4a")

    @property
    def html(self) -> str:
        return self.mailing.html(self.reader, LINKS)

    @property
    def text(self) -> str:
        return self.mailing.text(self.reader, LINKS)

    @property
    def message(self) -> bytes:
        moment = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
        return self.mailing.compose(self.reader, LINKS, message_id="m.0f4a.1@garden.example", date=moment)


@pytest.fixture(scope="session")
def letter() -> Letter:
    kept = json.loads((SAMPLE / "article.json").read_text(encoding="utf-8"))
    content, brand = content_from(kept["content"]), Brand(**kept["brand"])
    return Letter(content, brand, reader_of(kept["reader"]), email_templates(content, brand, load_theme(THEMES / "newsletter")))
