"""Turns an article into the three sources of its mail: subject, HTML and text, with the reader's merge fields still in them.

Once per mailing: the theme is filled with what all readers share, MJML becomes HTML, the article is put in, its styles are
written into the elements. Merge fields travel through as stand-ins.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import css_inline
import jinja2
import mjml
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml.html import HtmlElement
from markupsafe import Markup

from syndication.rendering import html_body
from syndication.rendering.article import Brand, Content, brand_fields, unwrap_statements
from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.header_words import one_line
from syndication.rendering.merge import check, with_publication
from syndication.rendering.merge.names import LINK_NAMES
from syndication.rendering.merge.source import Placeholders
from syndication.rendering.plain_text import TextBody

COLUMN_WIDTH = 560  # px, the article's column in our themes; what Outlook needs as an image's width
LONGEST_PREHEADER = 130  # characters
_SAME_START = 60  # characters by which a summary is known as the beginning of the article
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi"})
_INLINED_STYLE = re.compile(r"<mj-style\s+inline=\"inline\"\s*>(.*?)</mj-style>", re.DOTALL)
_WEB_FONTS = re.compile(r"<!--\[if !mso\]><!-->(?:<link [^<>]*>)*<style[^<>]*>(?:\s*@import url\([^()]*\);)+\s*</style><!--<!\[endif\]-->")
_THEME_SETTINGS: dict[str, Any] = {"undefined": jinja2.StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}


@dataclass(frozen=True)
class EmailTemplates:
    """The sources of one mailing, frozen in its row; message.CompiledMailing compiles them."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class ThemeSources:
    """The files of a theme: Jinja templates over `content` and `publication`.

    The links of names.LINK_NAMES stay merge fields; other merge fields are written between raw and endraw.
    """

    mjml: str
    text: str
    subject: str


def email_templates(content: Content, brand: Brand, theme: ThemeSources, *, subject: str = "") -> EmailTemplates:
    """The mail of an article in a theme.

    subject  what the campaign says instead of the theme's subject; may hold merge fields
    Raises BadTemplate when the article's braces or the theme's template cannot be read.
    """
    return _Rendering(content, brand, theme, subject).templates()


class _Rendering:
    """One article on its way into one theme."""

    def __init__(self, content: Content, brand: Brand, theme: ThemeSources, subject: str) -> None:
        fields = brand_fields(brand)
        self._content, self._brand, self._theme, self._subject = content, brand, theme, subject
        self._kept = Placeholders(
            content.title, content.summary, content.html, content.author, subject, theme.mjml, theme.text, theme.subject, *fields.values(),
            fix=lambda field: with_publication(field, fields, where="merge field"),
        )  # fmt: skip
        self._links = {name: self._kept.hide(f"{{{{ {name} }}}}", where="theme", markup=False) for name in LINK_NAMES}
        self._title = self._kept.hide(one_line(content.title), where="title", markup=False)
        hidden = self._kept.hide(content.html, where="article", markup=True)
        self._root = html_body.parse(unwrap_statements(hidden, self._kept))
        html_body.make_absolute(self._root, content.url, is_opaque=self._is_field)
        html_body.rename(self._root, "h1", "h2")
        html_body.drop_empty_blocks(self._root)

    def templates(self) -> EmailTemplates:
        return EmailTemplates(subject=self._subject_source(), html=self._html_source(), text=self._text_source())

    # -------------------------------------------------------------- the three sources

    def _subject_source(self) -> str:
        if self._subject.strip():
            hidden = self._kept.hide(self._subject, where="subject", markup=False)
        else:
            hidden = self._filled(self._theme.subject, "subject.txt", {"title": self._title}, markup=False)
        return one_line(self._kept.show(hidden, markup=False))

    def _html_source(self) -> str:
        for_email(self._root)
        body_mark = self._kept.literal("{{")  # any stand-in of its own: it holds the article's place
        content = {
            "title": self._title,
            "html": Markup(body_mark),  # noqa: S704  letters and digits
            "preheader": self._preheader(),
            "standfirst": self._standfirst(),
            **self._facts(),
        }
        styles = "\n".join(_INLINED_STYLE.findall(self._theme.mjml))
        filled = self._filled(_INLINED_STYLE.sub("", self._theme.mjml), "body.mjml", content, markup=True)
        page = _compiled_mjml(filled).replace(body_mark, html_body.serialise(self._root))
        return self._kept.show(_with_styles(page, styles), markup=True)

    def _text_source(self) -> str:
        body = TextBody(is_statement=self._is_statement, fields=self._kept.pattern)
        text = body.text(self._root)
        content = {"title": self._title, "text": text, "footnotes": body.footnotes(), **self._facts()}
        filled = self._filled(self._theme.text, "text.txt", content, markup=False, body=body)
        return self._kept.show(filled.strip("\n") + "\n", markup=False)

    def _filled(self, source: str, name: str, content: dict[str, Any], *, markup: bool, body: TextBody | None = None) -> str:
        """A theme's file with what all readers share; the merge fields that it writes itself are hidden too."""
        environment = ImmutableSandboxedEnvironment(autoescape=markup, **_THEME_SETTINGS)
        if body is not None:
            environment.filters["underlined"] = body.underlined
            environment.filters["wrapped"] = body.wrapped
        publication = {key: self._kept.literal(value.strip()) for key, value in brand_fields(self._brand).items()}
        try:
            filled = environment.from_string(source).render(content=content, publication=publication, **self._links)
        except jinja2.TemplateError as error:
            line = getattr(error, "lineno", None)
            raise BadTemplate(f"the email theme cannot be read: {error.message}", where=name, line=line) from error
        return self._kept.hide(filled, where=name, markup=False)

    # -------------------------------------------------------------- what a theme may say

    def _facts(self) -> dict[str, str]:
        language = self._content.language or self._brand.language or "en"
        return {
            "author": self._kept.literal(one_line(self._content.author)),
            "date": spoken_date(self._content.published_at, self._brand.time_zone, language),
            "language": language,
            "direction": "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr",
            "url": self._content.url,
        }

    def _summary(self) -> str:
        """The summary with its merge fields hidden; braces that are no good field are only braces."""
        summary = one_line(self._content.summary)
        try:
            check(summary, where="summary", markup=False, brand=brand_fields(self._brand))
        except BadTemplate:
            return self._kept.literal(summary)
        return self._kept.hide(summary, where="summary", markup=False)

    def _preheader(self) -> str:
        """What a mail program shows beside the subject: the summary, else the article's beginning."""
        summary = self._summary()
        if not summary:
            paragraph = next(self._root.iter("p"), None)
            summary = " ".join(paragraph.text_content().split()) if paragraph is not None else ""
        if any(found.group(2) == "s" for found in self._kept.pattern.finditer(summary)):
            return summary if self._content.summary else ""  # a condition cannot be cut short
        return shortened(summary, LONGEST_PREHEADER)

    def _standfirst(self) -> str:
        """The summary, when it is more than the article's first words."""
        summary = self._summary()
        start = " ".join(self._root.text_content().split())
        return "" if start.startswith(summary.rstrip(" .…")[:_SAME_START]) else summary

    def _is_field(self, value: str) -> bool:
        return self._kept.pattern.search(value) is not None

    def _is_statement(self, text: str) -> bool:
        found = [match.group(2) for match in self._kept.pattern.finditer(text)]
        return bool(found) and set(found) == {"s"} and not self._kept.pattern.sub("", text).strip()


# ------------------------------------------------------------------ steps that know no rendering


def for_email(root: HtmlElement) -> None:
    """Leave only what mail programs show: pictures with a width, a link in place of a film, nothing that opens or closes."""
    for element in list(root.iter("source")):
        element.drop_tree()
    for media in list(root.iter("video", "audio")):
        _replace_by_link(media)
    for tag, plain in (("details", "div"), ("summary", "p")):
        html_body.rename(root, tag, plain)
    for image in root.iter("img"):
        _fit_image(image)


def _replace_by_link(media: HtmlElement) -> None:
    url, name = media.get("src", ""), "▶ Video" if media.tag == "video" else "▶ Audio"
    media.tag = "a"
    for key in list(media.attrib):
        del media.attrib[key]
    for child in list(media):
        media.remove(child)
    media.text = name
    if url:
        media.set("href", url)
    else:
        media.drop_tree()


def _fit_image(image: HtmlElement) -> None:
    for name in ("srcset", "sizes"):
        image.attrib.pop(name, None)
    image.set("alt", image.get("alt", ""))  # empty: a decoration that screen readers pass over
    width = image.get("width", "")
    if width.isdigit() and int(width) > COLUMN_WIDTH:
        image.set("width", str(COLUMN_WIDTH))
        image.attrib.pop("height", None)


def shortened(text: str, longest: int) -> str:
    """The text, cut after a whole word and marked with "…" when it is longer."""
    if len(text) <= longest:
        return text
    return text[:longest].rsplit(" ", 1)[0].rstrip(" ,;:–-") + "…"


def spoken_date(moment: datetime | None, time_zone: str, language: str) -> str:
    """ "12 November 2026" in English, 2026-11-12 in other languages; empty without a moment."""  # noqa: D210
    if moment is None:
        return ""
    try:
        local = moment.astimezone(ZoneInfo(time_zone))
    except (ZoneInfoNotFoundError, ValueError):
        local = moment
    if language.partition("-")[0].lower() == "en":
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
    return local.date().isoformat()


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _compiled_mjml(source: str) -> str:
    try:
        compiled = mjml.mjml2html(source)
    except Exception as error:  # the binding raises what it likes, without a line
        raise BadTemplate(f"the email theme's MJML cannot be compiled ({error}).", where="body.mjml") from error
    return _WEB_FONTS.sub("", str(compiled))  # MJML loads some well-known fonts from a third party, which would see every reader


def _with_styles(page: str, styles: str) -> str:
    """The page with the article's styles written into its elements; the style sheets in its head stay for what cannot be."""
    inliner = css_inline.CSSInliner(inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False, extra_css=styles)
    return str(inliner.inline(page))
