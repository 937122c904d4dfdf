"""Freezes what a mailing says: templates, envelope and their hash, once, so that every attempt has the same bytes."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from syndication.articles.models import Article
from syndication.audience.models import SubscriberList
from syndication.audience.naming import joined
from syndication.delivery.ledger.doubt_policy import doubt_policy
from syndication.delivery.models import Mailing
from syndication.delivery.signing.keys import key_ids
from syndication.rendering.adapt import brand_of, content_of
from syndication.rendering.article import Brand, Content, check_article
from syndication.rendering.email import EmailTemplates, email_templates
from syndication.rendering.message import Envelope
from syndication.rendering.themes import load_theme


@dataclass(frozen=True, slots=True)
class Frozen:
    """A mailing's content before it is a row.

    page_url  empty when the article is not on the web
    dkim      the ids of the keys that sign every copy, the same at each attempt
    """

    templates: EmailTemplates
    envelope: Envelope
    page_url: str
    dkim: tuple[int, ...] = ()

    @property
    def content_hash(self) -> str:
        """SHA-256 over everything that a reader could see, 64 hex digits."""
        parts = {**asdict(self.templates), **self.envelope.as_json(), "page": self.page_url, "dkim": self.dkim}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def freeze_campaign(article: Article, to: SubscriberList, *, subject: str = "") -> Frozen:
    """The templates of an article's email for a list. Raises BadTemplate naming the line of a wrong merge field."""
    publication = to.publication
    content, brand = content_of(article, settings.BASE_URL), brand_of(publication, settings.BASE_URL, to)
    check_article(subject or article.title, article.html, brand)
    theme = load_theme(settings.TEMPLATES_DIR / "email" / publication.theme)
    is_public = article.state == Article.State.PUBLISHED
    return Frozen(
        templates=email_templates(content, brand, theme, subject=subject),
        envelope=_envelope(brand, Mailing.Kind.CAMPAIGN),
        page_url=content.url if is_public else "",
        dkim=_keys(brand),
    )


def freeze_confirmation(to: SubscriberList, *others: SubscriberList) -> Frozen:
    """The templates of the mail that asks a new reader for the one click, for all lists that were asked for together.

    No text typed by a stranger is in it.
    """
    names = joined([one.name for one in (to, *others)])
    brand = replace(brand_of(to.publication, settings.BASE_URL, to), list_name=names)
    theme = load_theme(settings.TEMPLATES_DIR / "email" / "confirmation")
    content = Content(
        title=names,
        summary="",
        html="",
        author="",
        language=brand.language,
        published_at=None,
        permanent_id="",
        url=brand.home_url,
    )
    templates, envelope = email_templates(content, brand, theme), _envelope(brand, Mailing.Kind.CONFIRMATION)
    return Frozen(templates, envelope, page_url="", dkim=_keys(brand))


def keep(frozen: Frozen, key: str, to: SubscriberList, *, article: Article | None, now: datetime) -> Mailing:
    """The mailing row of this key; made once, whoever calls how often."""
    content: dict[str, Any] = {
        "kind": frozen.envelope.kind,
        "publication": to.publication,
        "article": article,
        "list": to,
        "subject": frozen.templates.subject,
        "html": frozen.templates.html,
        "text": frozen.templates.text,
        "envelope": {**frozen.envelope.as_json(), "page_url": frozen.page_url, "dkim": list(frozen.dkim)},
        "content_hash": frozen.content_hash,
        "frozen_at": now,
        "on_doubt": doubt_policy(to.publication_id, frozen.envelope.kind),
    }
    mailing, _ = Mailing.objects.get_or_create(key=key, defaults=content)
    return mailing


def _keys(brand: Brand) -> tuple[int, ...]:
    return tuple(key_ids(brand.sender_address.rpartition("@")[2]))


def _envelope(brand: Brand, kind: str) -> Envelope:
    return Envelope(
        from_name=brand.sender_name,
        from_address=brand.sender_address,
        reply_to=brand.reply_to,
        mail_domain=brand.mail_domain,
        list_id=f"{brand.list_slug}.{brand.mail_domain}",
        list_name=brand.list_name,
        kind=str(kind),
        language=brand.language,
    )
