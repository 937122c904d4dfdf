"""Knows what another newsletter program leaves in a text: merge tags, personal links, click-tracking redirects, open pixels.

Forms of Mailchimp, Substack, SendGrid, Ghost, Mailgun, Mandrill, Kit, HubSpot, Customer.io, Campaign Monitor, Klaviyo, beehiiv, Amazon SES, as seen
in their mails. `utm_` parameters stay: they name a campaign, not a reader, and were put there on purpose.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from lxml import etree
from lxml.html import HtmlElement

_MERGE_TAG = re.compile(
    r"\*\|[A-Z][\w:=. -]{0,60}\|\*"  # Mailchimp: *|FNAME|*, *|IF:VIP|*
    r"|%%[A-Z_][\w.-]{1,60}%%"  # Salesforce: %%first_name%%
    r"|<%\s?[\w.\[\]]{3,60}\s?%>"  # SendGrid: <%asm_group_unsubscribe_raw_url%>
    r"|\{\$\w[\w.|'\" -]{1,60}\}"  # MailerLite: {$unsubscribe}
    r"|\[(?:first ?name|last ?name|full ?name|e-?mail|unsubscribe|webversion|preferences)(?:,\s?fallback=[^\]\n]{0,60})?\]",  # Campaign Monitor
    re.IGNORECASE,
)
_TAG_AND_SPACES = re.compile(rf"([ ]?)(?:{_MERGE_TAG.pattern})([ ]?)", re.IGNORECASE)
_BEFORE_PUNCTUATION = re.compile(r"[ \u00a0]+(?=[,.;:!?])")
_BRACES = re.compile(r"\{\{.{0,200}?\}\}|\{%.{0,200}?%\}", re.DOTALL)
_HINTS = ("*|", "|*", "%%", "<%", "&lt;%", "{$", "[")
_ENCODED_TAG = re.compile(r"\*(?:\||%7C)\w|%7B%7B|\{\{|%3C%", re.IGNORECASE)
_SHOWN = frozenset(("code", "pre", "kbd", "samp"))  # a text about merge tags shows them there

_PERSONAL_WORD = (
    r"un-?sub(?:scribe)?\w*|opt-?out|(?:e-?mail|subscription|manage|update|communication)[-_]?preferences?|preference[-_]?cent(?:er|re)"
    r"|manage[-_]?subscriptions?|disable[-_]?email|abmelden|abbestellen|austragen|d[eé]sabonn\w*|d[eé]sinscri\w*|darse-?de-?baja|cancelar-?suscrip\w*"
    r"|disiscri\w*|uitschrijven|afmelden|avregistrera\w*|wypisz\w*"
)
_PERSONAL_PATH = re.compile(rf"[/=](?:{_PERSONAL_WORD})(?:\.\w{{2,5}})?(?=$|[/?&#])", re.IGNORECASE)
_PERSONAL_TEXT = re.compile(
    r"(?:click here to |you can )?(?:un-?subscribe|opt out)(?: (?:here|now|from (?:this|these|our|the|all)?\s?\w*\s?(?:list|e-?mails?|newsletter|mailings?)))?"
    r"|(?:manage|update|change|edit)(?: your| my)? (?:e-?mail |subscription |communication )?(?:preferences|subscriptions?|settings)|(?:e-?mail )?preferences"
    r"|(?:hier )?(?:newsletter )?(?:abmelden|abbestellen|austragen)|(?:e-?mail-)?einstellungen(?: ändern| verwalten)?"
    r"|(?:se )?d[ée]sabonner|se d[ée]sinscrire|(?:gérer (?:vos|mes) )?préférences|darse de baja|cancelar(?: la)? suscripción"
    r"|(?:cancella|annulla) (?:l['’])?iscrizione|disiscriviti|(?:hier )?(?:uitschrijven|afmelden)|avregistrera(?: dig)?",
    re.IGNORECASE,
)
_BROWSER_TEXT = re.compile(
    r"(?:view|read|open|see)(?: (?:this|it|the))?(?: (?:e-?mail|newsletter|message|issue|post))? (?:in|on)(?: (?:your|the|a))? (?:web ?)?(?:browser|web)"
    r"|(?:newsletter |e-?mail )?im browser (?:ansehen|öffnen|lesen|anzeigen)|(?:afficher|voir|lire)(?: \w+){0,3} dans (?:le|votre|un) navigateur"
    r"|ver en (?:el|su|tu) navegador|visualizza nel browser|bekijk (?:in|de) (?:je |uw )?browser\w*",
    re.IGNORECASE,
)
_MAILCHIMP_PERSONAL = re.compile(r"[\w.-]*\blist-manage\d?\.com/(?:profile|unsubscribe|vcard|about)\b", re.IGNORECASE)
_TOKEN = re.compile(r"(?=[\w=-]*\d)[\w=-]{16,}")
_PERSONS_PARAMETERS = frozenset(
    [
        "u",
        "id",
        "e",
        "email",
        "mail",
        "uuid",
        "uid",
        "key",
        "token",
        "upn",
        "user",
        "user_id",
        "sid",
        "s",
        "c",
        "k",
        "h",
        "m",
        "d",
        "p",
        "t",
        "hash",
        "subscriber",
        "subscriber_id",
        "contact",
        "contact_id",
        "recipient",
    ]
)
"""Parameters of an unsubscribe page that say whom it is about; "?hl=en" does not."""
_READERS_PARAMETERS = frozenset(
    ("mc_eid", "mkt_tok", "_hsenc", "_hsmi", "ck_subscriber_id", "vero_id", "_kx", "oly_enc_id", "oly_anon_id", "__s", "wickedid", "sc_uid")
)
"""Parameters that say which reader clicked; the page is the same without them."""

_REDIRECTS = re.compile(
    r"\A(?:"
    r"[\w.-]*\blist-manage\d?\.com/track/click"
    r"|[^/]+/(?:ls|wf|uni)/click\b"  # SendGrid, also on the sender's own domain
    r"|[\w.-]*\bct\.sendgrid\.net/"
    r"|[\w.-]*\bsubstack\.com/redirect/|email\.[\w.-]+/c/eJ"  # Mailgun, which Substack uses too
    r"|[^/]+/r/[0-9a-f]{6,}/?\?(?:[^#]*&)?m=[0-9a-f-]{36}"  # Ghost
    r"|[\w.-]*\b(?:hubspotlinks|hubspotemail|klclick\d?|trk\.klaviyomail)\.(?:com|net)/"
    r"|[\w.-]*\b(?:cmail\d+|createsend\d*)\.com/t/|(?:track\.customer\.io|e\.customeriomail\.com)/e/c/|links\.iterable\.com/"
    r"|[\w.-]*\bbeehiiv\.(?:com|net)/(?:ss/c|v1/c|v2/clicks)/|[\w.-]*\bmandrillapp\.com/track/click"
    r"|click\.(?:convertkit-mail\d*|kit-mail\d*)\.com/|[\w.-]*\bawstrack\.me/L\d/"
    r")",
    re.IGNORECASE,
)
_PIXELS = re.compile(
    r"\A(?:[\w.-]*\blist-manage\d?\.com/track/open|[^/]+/(?:ls|wf)/open\b|[\w.-]*\bmandrillapp\.com/track/open|eotrx\.substackcdn\.com/open"
    r"|email\.[\w.-]+/o/eJ|open\.(?:convertkit-mail\d*|kit-mail\d*)\.com/|(?:track\.customer\.io|e\.customeriomail\.com)/e/o/"
    r"|[\w.-]*\bawstrack\.me/I\d/|[\w.-]*\bgoogle-analytics\.com/|www\.facebook\.com/tr\b|pixel\.wp\.com/|medium\.com/_/stat"
    r"|[\w.-]*\b(?:cmail\d+|createsend\d*)\.com/t/[\w-]+/o|feeds\.feedburner\.com/~r/)",
    re.IGNORECASE,
)
_MAY_WRAP = re.compile(
    r"outlook|google|facebook|instagram|reddit|slack-redir|linkedin|youtube|substack|awstrack|mandrill|kit-mail", re.IGNORECASE
)
_WRAPPERS = {
    r"[\w.-]*\.safelinks\.protection\.outlook\.com/": "url",
    r"(?:www\.)?google\.\w{2,3}(?:\.\w\w)?/url\b": "q",
    r"lm?\.(?:facebook|instagram)\.com/(?:l\.php)?": "u",
    r"out\.reddit\.com/": "url",
    r"slack-redir\.net/link": "url",
    r"(?:www\.)?linkedin\.com/(?:redir/redirect|safety/go)": "url",
    r"(?:www\.)?youtube\.com/redirect": "q",
}
"""Redirects that carry their target openly: the place, and the parameter's name."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """What was found, while it still stands in the tree: the element, the text or address, and why it cannot stay."""

    element: HtmlElement
    text: str
    why: str


def merge_tags_in(text: str) -> list[str]:
    """The merge tags of other programs in a plain text."""
    return _MERGE_TAG.findall(text) if any(hint in text for hint in _HINTS) else []


def without_merge_tags(text: str) -> str:
    """A plain text without the merge tags of other programs, nor the space that stood before one."""
    while merge_tags_in(text):  # two that were inside one another leave a third
        text = _BEFORE_PUNCTUATION.sub("", _TAG_AND_SPACES.sub(lambda found: found[1] or found[2], text))
    return text


def braces_in(markup: str) -> list[str]:
    """Merge fields that nobody filled: braces that feed HTML would have written as entities, had an author meant to show them."""
    return _BRACES.findall(markup) if "{{" in markup or "{%" in markup else []


def is_personal(url: str, words: str = "") -> bool:
    """Does the address unsubscribe one reader, or show one reader's choices? `words` are those of its link, which tell it more surely."""
    if url.lower().startswith("mailto:"):
        return "unsubscribe" in url.lower()
    parts = _split(url)
    if parts is None:
        return False
    if _MAILCHIMP_PERSONAL.match(f"{parts.netloc}{parts.path}"):
        return True
    if not _PERSONAL_PATH.search(f"{parts.path}?{parts.query}"):
        return False
    if _PERSONAL_TEXT.fullmatch(words.strip(" .:|·»›→")):
        return True
    asked = parse_qsl(parts.query, keep_blank_values=True)
    is_for_one = any(name.lower() in _PERSONS_PARAMETERS or "@" in value or _TOKEN.fullmatch(value) for name, value in asked)
    return is_for_one or any(_TOKEN.fullmatch(segment) for segment in parts.path.split("/"))


def is_redirect(url: str) -> bool:
    """Does the address count a click before it leads on?"""
    return url.startswith(("http://", "https://")) and bool(_REDIRECTS.match(url.partition("://")[2]))


def is_pixel(url: str) -> bool:
    """Does the picture only tell that a mail was opened?"""
    return url.startswith(("http://", "https://", "//")) and bool(_PIXELS.match(url.partition("//")[2]))


def direct(url: str) -> str:
    """The address that the reader means: behind known redirects, without what tells who clicked; "" when only the tracker knows it."""
    for _ in range(4):  # one wrapped in the other, as in forwarded mails
        parts = _split(url)
        if parts is None:
            return url
        target = _target(parts, url)
        if not target:
            break
        url = target
    return "" if is_redirect(url) else _without_reader(url)


def for_everybody(url: str, words: str = "") -> str:
    """The address that a link may have in an article, or "": it is one reader's, only a tracker knows it, or a program should have filled it in."""
    return "" if is_personal(url, words) or _ENCODED_TAG.search(url) or merge_tags_in(url) else direct(url)


def take_out(root: HtmlElement, *, own: Callable[[str], bool] = lambda _url: False) -> Iterator[Leftover]:
    """Take the leftovers out of a tree, telling of each: personal links with their words, pixels; redirects lead straight on or only their words stay.

    own   says which addresses are personal in our own mails
    """
    for image in list(root.iter("img")):
        if _is_pixel_element(image):
            yield Leftover(image, image.get("src") or "<img>", "a tracking picture")
            image.drop_tree()
    for link in list(root.iter("a")):
        yield from _mend_link(link, own)


def take_out_merge_tags(root: HtmlElement) -> None:
    """Take other programs' merge tags out of the text, except where a text shows them as code."""
    for element, place, text in list(_texts(root)):
        setattr(element, place, without_merge_tags(text))


def merge_tags_left(root: etree._Element) -> list[str]:
    """The merge tags that take_out_merge_tags() would take out."""
    return [tag for _, _, text in _texts(root) for tag in merge_tags_in(text)]


def _texts(root: etree._Element) -> Iterator[tuple[etree._Element, str, str]]:
    """Each piece of text that is not shown as code, with its element and whether it is its text or its tail."""
    shown = 0  # how many elements around this place show code
    for event, element in etree.iterwalk(root, events=("start", "end")):
        is_shown = element.tag in _SHOWN
        if event == "start":
            shown += is_shown
            if element.text and not shown:
                yield element, "text", element.text
        else:
            shown -= is_shown
            if element.tail and element is not root and not shown:
                yield element, "tail", element.tail


def _mend_link(link: HtmlElement, own: Callable[[str], bool]) -> Iterator[Leftover]:
    url = (link.get("href") or "").strip()
    words = " ".join(link.text_content().split())
    if not url:
        return
    if own(url) or is_personal(url, words) or (_ENCODED_TAG.search(url) and _PERSONAL_TEXT.fullmatch(words.strip(" ."))):
        yield Leftover(link, url, "a link that belongs to one reader's mail")
        link.drop_tree()
    elif _BROWSER_TEXT.fullmatch(words.strip(" .:|·»›→")):
        yield Leftover(link, f"{words} {url}", "a link to the mail's copy on the web")
        link.drop_tree()
    elif _ENCODED_TAG.search(url) or merge_tags_in(url):
        yield Leftover(link, url, "a link that another program would have filled in; its words stay")
        link.drop_tag()
    elif not (target := direct(url)):
        yield Leftover(link, url, "a click-tracking link, whose target only the tracker knows; its words stay")
        link.drop_tag()
    elif target != url:
        yield Leftover(link, url, f"a click-tracking link, which now leads straight to {target}")
        link.set("href", target)


def _is_pixel_element(image: HtmlElement) -> bool:
    sizes = [(image.get(name) or "").strip().removesuffix("px") for name in ("width", "height")]
    return all(size in {"0", "1"} for size in sizes) or is_pixel((image.get("src") or "").strip())


def _target(parts: SplitResult, url: str) -> str:
    """Where a known wrapper leads, or ""."""
    if not _MAY_WRAP.search(parts.netloc):
        return ""
    place = f"{parts.netloc}{parts.path}"
    for wrapper, name in _WRAPPERS.items():
        if re.match(wrapper, place, re.IGNORECASE):
            asked = dict(parse_qsl(parts.query))
            return _web_address(asked.get(name) or asked.get("url") or "")
    return _web_address(_hidden_target(parts, url))


def _hidden_target(parts: SplitResult, url: str) -> str:
    """What the address itself tells in some code: Substack's JSON, Amazon's percent signs, Mandrill's JSON in JSON, Kit's base64."""
    host = parts.netloc
    if host.endswith("substack.com") and "/redirect/2/" in parts.path:
        return _field(_decoded(parts.path.split("/redirect/2/")[1].partition(".")[0]), "e")
    if host.endswith("awstrack.me") and parts.path.startswith("/L0/"):
        return unquote(url.split("/L0/", 1)[1].partition("/")[0])
    if host.endswith("mandrillapp.com"):
        return _field(_field(_decoded(dict(parse_qsl(parts.query)).get("p", "")), "p"), "url")
    if re.match(r"click\.(?:convertkit|kit)-mail", host):
        return _decoded(parts.path.rstrip("/").rpartition("/")[2])
    return ""


def _decoded(text: str) -> str:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return ""


def _field(text: str, name: str) -> str:
    try:
        read = json.loads(text)
    except ValueError:
        return ""
    value = read.get(name) if isinstance(read, dict) else None
    return value if isinstance(value, str) else ""


def _web_address(text: str) -> str:
    parts = _split(text)
    return text if parts and parts.scheme in {"http", "https"} and parts.netloc else ""


def _without_reader(url: str) -> str:
    """The same address without the parameters that say who clicked."""
    base, question, rest = url.partition("?")
    if not question or not any(name in rest for name in _READERS_PARAMETERS):
        return url
    query, hash_mark, fragment = rest.partition("#")
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name.lower() not in _READERS_PARAMETERS]
    return base + (f"?{urlencode(kept)}" if kept else "") + hash_mark + fragment


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None
