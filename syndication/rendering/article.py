"""What an article says and who publishes it, and the two forms that every reader shares: the page and the feed.

Merge fields show their defaults there; nothing of the newsletter is left in a feed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from syndication.articles import newsletter_leftovers
from syndication.rendering import html_body
from syndication.rendering.header_words import one_line
from syndication.rendering.merge import check, compile_merge
from syndication.rendering.merge.source import Placeholders
from syndication.rendering.reader import ANONYMOUS

_NO_UNSUBSCRIBE = "https://unsubscribe.invalid/"  # RFC 2606 2: no such domain; marks what a feed must not show
_PERSONAL_PAGE = re.compile(r"/[cfup]/[\w.:~=-]{12,}(?:/|$)")  # web.urls
_OWN_LINKS = ("unsubscribe_url", "confirm_url", "preferences_url")  # they belong to one reader's mail


@dataclass(frozen=True)
class Content:
    """What an article says.

    title, summary  plain text, with merge fields as typed
    html            clean HTML, with merge fields whose inside is HTML too: default(&quot;there&quot;)
    published_at    aware, or None
    url             its public page; permanent_id its id in every feed
    """

    title: str
    summary: str
    html: str
    author: str
    language: str
    published_at: datetime | None
    permanent_id: str
    url: str


@dataclass(frozen=True)
class Brand:
    """Who publishes, and through which list when it is a mail; all plain text, any but the name may be empty."""

    name: str
    description: str
    language: str
    postal_address: str
    sender_name: str
    sender_address: str
    reply_to: str
    mail_domain: str
    list_name: str
    list_slug: str
    home_url: str
    time_zone: str


def brand_fields(brand: Brand) -> Mapping[str, str]:
    """What `publication.name` and its like stand for in merge fields."""
    return {
        "name": brand.name,
        "description": brand.description,
        "language": brand.language,
        "postal_address": brand.postal_address,
        "sender_name": brand.sender_name,
        "sender_address": brand.sender_address,
        "reply_to": brand.reply_to,
        "list_name": brand.list_name,
        "home_url": brand.home_url,
    }


def page_html(content: Content, brand: Brand) -> str:
    """The article's body as safe HTML for a web page, without its title; merge fields show their defaults.

    Raises BadTemplate for a merge field that check_article() would refuse.
    """
    root = _for_everybody(content, brand)
    _take_out_leftovers(root, content.url)
    return html_body.serialise(root)


def feed_html(content: Content, brand: Brand, *, base_url: str) -> str:
    """The article's body for feed readers: complete addresses, no classes or scripts, players as links, nothing of the newsletter.

    base_url  what relative addresses start from when the article has no page of its own
    Braces that an author means to show are written as entities: what still has braces was not filled (feeds.content_check looks for that).
    Raises BadTemplate, as page_html() does.
    """
    root = _for_everybody(content, brand)
    for note in root.iter("aside"):
        note.tag = "blockquote"  # feed readers show no aside as something apart
    for element in root.iter():
        for name in ("class", "style", "id"):
            element.attrib.pop(name, None)
    page_url = content.url or f"{base_url}/"
    html_body.make_absolute(root, page_url)
    _take_out_leftovers(root, page_url)
    return html_body.serialise(root).replace("{{", "&#123;{").replace("{%", "&#123;%")


def plain_title(content: Content, brand: Brand) -> str:
    """The title for pages and feeds: one line of plain text, merge fields at their defaults."""
    return _plain(content.title, "title", content, brand)


def plain_summary(content: Content, brand: Brand) -> str:
    """The summary for pages and feeds: one line of plain text, merge fields at their defaults."""
    return _plain(content.summary, "summary", content, brand)


def check_article(title: str, html: str, brand: Brand) -> None:
    """Refuse a title or an article whose merge fields are wrong, or would fail for some reader.

    Raises BadTemplate with `where` ("title" or "article") and `line`; its text names the field and says what to do.
    """
    fields = brand_fields(brand)
    check(title, where="title", markup=False, brand=fields)
    check(html, where="article", markup=True, brand=fields)


def _plain(source: str, where: str, content: Content, brand: Brand) -> str:
    template = compile_merge(source, where=where, markup=False, brand=brand_fields(brand))
    filled = template.fill(ANONYMOUS, {"page_url": content.url, **dict.fromkeys(_OWN_LINKS, "")})
    return one_line(newsletter_leftovers.without_merge_tags(filled))


def _for_everybody(content: Content, brand: Brand) -> HtmlElement:
    """The body with merge fields at their defaults and without the links that belong to one reader's mail."""
    source = without_lone_statements(content.html)
    template = compile_merge(source, where="article", markup=True, brand=brand_fields(brand))
    filled = template.fill(ANONYMOUS, {"page_url": content.url, **dict.fromkeys(_OWN_LINKS, _NO_UNSUBSCRIBE)})
    root = html_body.parse(filled)
    for link in list(root.iter("a")):
        if link.get("href", "").startswith(_NO_UNSUBSCRIBE):
            link.drop_tree()
    _drop_text(root, _NO_UNSUBSCRIBE)
    html_body.drop_empty_blocks(root)
    return root


def _take_out_leftovers(root: HtmlElement, page_url: str) -> None:
    """Take out what an import or a pasted mail brought along: personal links, pixels, click-tracking, merge tags of other programs."""
    for _ in newsletter_leftovers.take_out(root, own=lambda url: _is_personal_page(url, page_url)):
        pass
    html_body.drop_empty_blocks(root)
    while newsletter_leftovers.merge_tags_left(root):  # an element that goes brings together what stood around it
        newsletter_leftovers.take_out_merge_tags(root)
        html_body.drop_empty_blocks(root)


def _is_personal_page(url: str, page_url: str) -> bool:
    """Is it one of our own pages that belong to one reader (unsubscribe, preferences, confirmation, private feed)?"""
    host, ours = urlsplit(url).netloc, urlsplit(page_url).netloc
    return host == ours and bool(_PERSONAL_PAGE.search(urlsplit(url).path))


def _drop_text(root: HtmlElement, text: str) -> None:
    for element in root.iter():
        element.text = element.text.replace(text, "") if element.text else element.text
        element.tail = element.tail.replace(text, "") if element.tail else element.tail


def without_lone_statements(html: str) -> str:
    """The HTML with `<p>{% if … %}</p>`, as an editor writes it, as a bare statement that leaves no empty paragraph."""
    if "{%" not in html:
        return html
    placeholders = Placeholders(html)
    hidden = unwrap_statements(placeholders.hide(html, where="article", markup=True), placeholders)
    return placeholders.show(hidden, markup=True)


def unwrap_statements(hidden: str, placeholders: Placeholders) -> str:
    """The same on HTML whose fields are hidden already."""
    statement = placeholders.pattern.pattern.replace("([esl])", "s").replace("(", "(?:")
    return re.sub(rf"<(p|div)(?:\s[^>]*)?>\s*((?:{statement}\s*)+)</\1>", r"\2", hidden)
