"""Knows what a web page leaves above and right below the title of a copied article: menus, breadcrumbs, share lines, dates, bylines.

Words that could be a title themselves ("Menu", a date) only go in company, or where a title and prose still follow.
"""

import re
from collections.abc import Sequence

from syndication.articles.source_forms import debris
from syndication.articles.source_forms.headings import is_prose, looks_like_heading

MOST_LINES = 30  # above and below the title together; more is the text itself
LONGEST_CRUMB = 40  # characters
LONGEST_LAST_CRUMB = 100  # characters; it often is the title
FEWEST_CRUMBS = 3  # unless the first says that it is the home page

_ARROWS = re.compile(r"\s*[»›→>]\s*")
_BARS = re.compile(r"\s+[/|]\s+")
_HOME = re.compile(r"(?:home|home ?page|start|startseite|accueil|inicio|início|strona główna|hem|hjem|blog)", re.IGNORECASE)
_ADVERTISEMENT = re.compile(
    r"(?:advertisements?|sponsored(?: content)?|anzeige|werbung|publicité|publicidad|pubblicità|advertentie|reklama)", re.IGNORECASE
)
_MENU = re.compile(
    r"(?:main |open |toggle )?(?:menu|navigation)|(?:haupt|hamburger-?)?menü|menú|search|suche|rechercher|buscar", re.IGNORECASE
)
_READING_TIME = re.compile(
    r"(?:reading time|read time|lesezeit|lesedauer|temps de lecture|tiempo de lectura|tempo di lettura|leestijd)\s?:?\s?(?:ca\. ?)?\d{1,3}.{0,12}"
    r"|\d{1,3}[ -]?min(?:ute)?s?\.? read|\d{1,3} (?:min\.?|minuten?) (?:lesezeit|lesedauer|leestijd)"
    r"|\d{1,3} min(?:utes?)? de lecture|\d{1,3} min(?:utos?)? de lectura",
    re.IGNORECASE,
)
_PUBLISHED = re.compile(
    r"(?:(?:first |last )?(?:published|posted|updated|modified|written)|veröffentlicht|erstellt|aktualisiert|publiée?|posté|mis à jour|mise à jour"
    r"|publicado|actualizado|pubblicato|aggiornato|gepubliceerd|geplaatst|publicerad)\s?:?"
    rf"(?: (?:on|at|am|le|el|il|op|den|em))?:? {debris.DATE}.{{0,60}}",
    re.IGNORECASE,
)
_DATE_LINE = re.compile(rf"{debris.DATE}(?:{debris.TIME})?(?: (?:[|·•–-]|by|von|par|por|di|door) .{{1,60}})?", re.IGNORECASE)
_NAME = r"(?:[A-ZÀ-ÞĀ-Ž][\w'’.-]*)(?: (?:(?:de|du|la|van|von|der|den|di|da|le|and|und|et|y|e|&) )*[A-ZÀ-ÞĀ-Ž][\w'’.-]*)"
_BYLINE = re.compile(
    rf"(?:(?:[Bb]y|BY|[Vv]on|[Pp]ar|[Pp]or|[Dd]oor) {_NAME}{{1,4}}"
    rf"|(?:[Ww]ritten by|[Pp]osted by|[Aa]uthor:|[Aa]utor(?:in)?:|[Aa]uteur ?:|[Ee]crit par|[Éé]crit par|[Gg]eschrieben von) {_NAME}{{0,4}})"
    rf"(?:,? ?[|·•–-]? ?{debris.DATE}.{{0,40}})?"
)
_FULL_NAME = re.compile(rf"{_NAME}{{1,3}}")
_COMMENTS = re.compile(r"(?:\d+|no|keine|aucun|sin) (?:comments?|kommentare?|commentaires?|comentarios?)", re.IGNORECASE)
_BETWEEN = re.compile(r"\s+[|·•–—/-]\s+")


def debris_at_the_top(lines: Sequence[str]) -> dict[int, str]:
    """Which of the lines around the title are debris: index -> why; the title itself and its repetition are not."""
    stop, above = 0, dict[int, str]()
    while stop < min(len(lines), MOST_LINES) and (why := _sure(lines[stop]) or _unsure(lines[stop])):
        above[stop] = why
        stop += 1
    if not above or not _may_go(lines, stop):
        stop, above = 0, {}
    return above | _below_the_title(lines, stop)


def _may_go(lines: Sequence[str], stop: int) -> bool:
    """May the lines before `stop` go: is there something below, and company or a title with prose to tell that they are no title?"""
    if stop >= len(lines):
        return False
    is_page = any(map(_sure, lines[:stop])) or sum(map(_is_menu, lines[:stop])) > 1
    has_title = looks_like_heading(lines[stop]) and any(map(is_prose, lines[stop + 1 : stop + 3]))
    return is_page or (has_title and not all(map(_BYLINE.fullmatch, lines[:stop])))


def _below_the_title(lines: Sequence[str], title: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for index in range(title + 1, min(len(lines), title + MOST_LINES)):
        text = lines[index]
        below = lines[index + 1] if index + 1 < len(lines) else ""
        if why := _sure(text) or _dated(text) or (_dated(below) if _FULL_NAME.fullmatch(text) and _DATE_LINE.fullmatch(below) else ""):
            found[index] = why
        elif text.casefold() != lines[title].casefold():
            break
    return {} if len(found) == len(lines) - title - 1 else found


def _sure(text: str) -> str:
    """What the line is, when it can hardly be anything else; else ""."""
    if _PUBLISHED.fullmatch(text) or _READING_TIME.fullmatch(text):
        return "date and author line"
    if _ADVERTISEMENT.fullmatch(text):
        return "advertisement"
    if _crumbs(_ARROWS.split(text), is_sure=True) or _crumbs(_BARS.split(text), is_sure=True):
        return "page navigation"
    return debris.unmistakable(text) or debris.share_line(text) or debris.cookie_line(text)


def _unsure(text: str) -> str:
    if _is_menu(text) or _crumbs(_ARROWS.split(text)) or _crumbs(_BARS.split(text)):
        return "page navigation"
    return _dated(text)


def _dated(text: str) -> str:
    """Says whether the line is nothing but date, author, reading time and number of comments, at least one of the first two."""
    parts = _BETWEEN.split(text)
    is_dated = any(_DATE_LINE.fullmatch(part) or _BYLINE.fullmatch(part) or _PUBLISHED.fullmatch(part) for part in parts)
    return "date and author line" if is_dated and all(map(_is_about_the_text, parts)) else ""


def _is_about_the_text(part: str) -> bool:
    return any(pattern.fullmatch(part) for pattern in (_DATE_LINE, _BYLINE, _PUBLISHED, _READING_TIME, _COMMENTS, _FULL_NAME))


def _is_menu(text: str) -> bool:
    return bool(_MENU.fullmatch(text)) or bool(_HOME.fullmatch(text)) or debris.is_small_word(text)


def _crumbs(parts: Sequence[str], *, is_sure: bool = False) -> bool:
    """Are the parts the way from the home page to this one? Surely only when the first one says so."""
    *way, last = parts
    if not way or not all(part and len(part) <= LONGEST_CRUMB for part in way) or not 0 < len(last) <= LONGEST_LAST_CRUMB:
        return False
    starts_at_home = bool(_HOME.fullmatch(way[0]))
    return starts_at_home or (not is_sure and len(parts) >= FEWEST_CRUMBS)
