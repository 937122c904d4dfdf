"""Knows what a refused message tells: about the reader, about us, or only about this hour.

Looked for in this order, so that a slip costs no reader:
1. signs of the sender's fault (a blocklist, SPF, no reverse name, too fast), also behind a code that speaks of the mailbox;
2. enhanced status codes that say one thing (RFC 3463 and its registry; large providers' own numbers);
3. words of the reply: many servers write 550 and explain the rest in their own way;
4. enhanced codes that say little (5.7.1, 5.0.0), then the reply code and the command that it answers (RFC 5321 4.2.3).
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from syndication.delivery.outcome import Stage

LONGEST_LOOKED_AT = 600  # characters of a reply: what large providers write, and 2 ms at worst
PERMANENT = 500  # RFC 5321 4.2.1
CLOSING = 421


class Kind(StrEnum):
    """Whom a refusal is about, and so what follows from it."""

    HARD = "hard"
    """The mailbox or its domain does not exist: never mail it again."""
    SOFT = "soft"
    """The mailbox or its server cannot take it now: counts a little against the address."""
    POLICY = "policy"
    """The sender's fault: never counts against the reader; staff must act."""
    RATE = "rate"
    """Too much at once: slow down towards this domain."""
    GREYLISTED = "greylisted"
    """The server wants to see a second try, some minutes later."""
    PROTOCOL = "protocol"
    """The servers do not understand each other, or the reply says nothing that we know."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refusal means: its kind, one word for the ledger, one sentence for staff."""

    kind: Kind
    word: str
    sentence: str

    @property
    def is_about_reader(self) -> bool:
        """Whether it counts against the address."""
        return self.kind in {Kind.HARD, Kind.SOFT}


NO_MAILBOX = Refusal(Kind.HARD, "no_mailbox", "The mailbox does not exist.")
NO_DOMAIN = Refusal(Kind.HARD, "no_domain", "The address's domain does not exist, or takes no mail.")
BAD_ADDRESS = Refusal(Kind.HARD, "bad_address", "The receiving server says that the address is not written as one.")
MOVED = Refusal(Kind.HARD, "moved", "The mailbox has moved and left no working address.")
OTHER_OWNER = Refusal(Kind.HARD, "other_owner", "The mailbox or its domain belongs to somebody else now.")
FULL = Refusal(Kind.SOFT, "full", "The mailbox is full.")
SWITCHED_OFF = Refusal(Kind.SOFT, "switched_off", "The mailbox exists, but is switched off.")
TOO_LARGE = Refusal(Kind.SOFT, "too_large", "The message is larger than the mailbox or its server takes.")
UNREACHABLE = Refusal(Kind.SOFT, "unreachable", "The reader's mail server could not be reached from the next one on the way.")
EXPIRED = Refusal(Kind.SOFT, "expired", "A server on the way tried too long and gave up.")
BUSY = Refusal(Kind.SOFT, "busy", "The receiving server has trouble of its own; later it may take the message.")
SPAM = Refusal(Kind.POLICY, "spam", "The receiving server takes the message for spam: look at its content, links and complaint rate.")
BLOCKLIST = Refusal(
    Kind.POLICY, "blocklist", "The sending server or the sender's domain has a bad name or stands on a blocklist: ask to be taken off."
)
AUTHENTICATION = Refusal(
    Kind.POLICY, "authentication", "The sender did not prove itself: check SPF, DKIM and DMARC of the sender's domain, and their alignment."
)
REVERSE_DNS = Refusal(Kind.POLICY, "reverse_dns", "The sending server's IP address has no reverse name (PTR) that leads back to it.")
HELO = Refusal(Kind.POLICY, "helo", "The receiving server does not accept the host name with which the sending server introduces itself.")
NEEDS_TLS = Refusal(Kind.POLICY, "tls", "The receiving server takes this mail only over TLS.")
SENDER_ADDRESS = Refusal(Kind.POLICY, "sender_address", "The receiving server does not accept the sender's address or its domain.")
NO_RELAY = Refusal(Kind.POLICY, "no_relay", "The mail server does not pass mail on for us: check its name, its login, and who may use it.")
LOGIN = Refusal(Kind.POLICY, "login", "The mail server wants another user name or password.")
NOT_ADMITTED = Refusal(Kind.POLICY, "not_admitted", "The address belongs to a group that takes mail from its members only.")
REFUSED_BY_POLICY = Refusal(Kind.POLICY, "policy", "The receiving server's rules do not let the message in; its reply says more.")
TOO_FAST = Refusal(Kind.RATE, "too_fast", "The receiving server asks for fewer messages or connections at a time.")
GREYLISTED = Refusal(Kind.GREYLISTED, "greylisted", "The receiving server asks every new sender to come back in some minutes.")
NOT_UNDERSTOOD = Refusal(Kind.PROTOCOL, "protocol", "The receiving server did not understand a command or the form of the message.")
NO_SMTPUTF8 = Refusal(Kind.PROTOCOL, "no_smtputf8", "The receiving server cannot take addresses outside ASCII.")
UNEXPLAINED = Refusal(Kind.PROTOCOL, "refused", "The receiving server refused the message and did not say why in words that we know.")
ONLY_OF_A_MAILBOX = (NO_MAILBOX, NO_DOMAIN, BAD_ADDRESS, MOVED, OTHER_OWNER, FULL, SWITCHED_OFF)


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# ------------------------------------------------------------------ 1. signs of the sender's fault, stronger than any code
SENDERS_FAULT: tuple[tuple[Refusal, re.Pattern[str]], ...] = (
    (TOO_FAST, _any_of(
        r"\btoo many (?:(?:concurrent|simultaneous|invalid|unknown|bad|open|new|smtp) ){0,2}"
        r"(?:connections?|messages|mails|emails|recipients|sessions|errors|requests|users)\b",
        r"\brate[- ]limit", r"\bthrottl", r"\bfrequency limited\b", r"\bslow down\b", r"\bat a rate\b",
        r"\bunusual (?:rate|amount|volume)\b", r"\bunexpected volume\b", r"\btoo (?:fast|quickly|often|much mail(?! stored))\b",
        r"\b(?:connections?|message|hourly|daily|rate|sending) (?:rate|limit|quota)\b",
        r"\bTSS0[1-8]\b", r"\bRP-00[1-3]\b", r"\(S775\)", r"\bHL:(?:IFC|ITC|IHU)\b", r"\bMI:(?:CEL|DMC)\b", r"\bRP:QRC\b",
    )),
    (REVERSE_DNS, _any_of(
        r"\breverse[- ](?:dns|host ?name|name|lookup|mapping|resolution)", r"\bPTR\b", r"\br-?dns\b",
        r"\bcannot find your (?:reverse )?host ?name\b", r"\bDY-00[12]\b",
    )),
    (HELO, _any_of(r"\b(?:helo|ehlo)\b(?!.{0,10}\bfirst\b)")),
    (BLOCKLIST, _any_of(
        r"\b(?:block|black|deny)[- ]?list", r"\b(?:dns|r|dr|rh)bl\b", r"\b(?:sbl|xbl|pbl)\b", r"\bS31[1-5]\d\b", r"\bBL2\d\b", r"\bOU-00[12]\b",
        r"\b(?:spamhaus|spamcop|barracudacentral|sorbs|surbl|uribl)\b", r"\bbanned send(?:er|ing)\b", r"\bblocked using\b",
        r"\b(?:ip|network|client|sender|host|address|domain)\b.{0,60}\b(?:is|are|was|been) (?:\w+ )?(?:banned|blocked)\b",
        r"\b(?:bad|poor|low|negative) reputation\b", r"\breputation of (?:your|the)\b",
    )),
    (NEEDS_TLS, _any_of(
        r"\bmust issue a starttls\b", r"\btls (?:\w+ )?(?:is )?(?:required|needed)\b", r"\bover an? (?:secure|encrypted|tls)\b",
        r"\brequires? (?:tls|encryption)\b",
    )),
    (AUTHENTICATION, _any_of(
        r"\b(?:dmarc|spf|dkim)\b", r"\bunauthenticated\b.{0,40}\b(?:mail|email|sender|message|domain)", r"\bsender is unauthenticated\b",
        r"\bauthentication (?:level|checks?|information)\b", r"\bsender policy framework\b",
    )),
)  # fmt: skip

# ------------------------------------------------------------------ 2. enhanced codes that say one thing: (subject, detail)
BY_STATUS: dict[tuple[int, int], Refusal] = {
    (1, 1): NO_MAILBOX,
    (1, 2): NO_DOMAIN,
    (1, 3): BAD_ADDRESS,
    (1, 6): MOVED,
    (1, 7): SENDER_ADDRESS,
    (1, 8): SENDER_ADDRESS,
    (1, 10): NO_MAILBOX,  # RFC 7505 4.1: a domain without mail; Exchange: no such recipient
    (2, 2): FULL,
    (2, 3): TOO_LARGE,
    (2, 121): TOO_FAST,
    (2, 122): TOO_FAST,
    (3, 1): BUSY,
    (3, 2): BUSY,
    (3, 4): TOO_LARGE,
    (4, 6): UNREACHABLE,
    (4, 7): EXPIRED,
    (4, 310): NO_DOMAIN,
    (5, 3): TOO_FAST,
    (6, 7): NO_SMTPUTF8,  # RFC 6531 4.6
    (6, 9): NO_SMTPUTF8,
    (7, 2): NOT_ADMITTED,
    (7, 7): AUTHENTICATION,
    **dict.fromkeys(((7, detail) for detail in (8, 11, 12, 13, 57)), LOGIN),  # RFC 4954 6; Yahoo says 5.7.9 for its policy
    (7, 10): NEEDS_TLS,
    (7, 17): OTHER_OWNER,  # RFC 7293 7
    (7, 18): OTHER_OWNER,
    **dict.fromkeys(((7, detail) for detail in (20, 21, 22, 23, 24, 26, 27, 30, 31, 32, 40)), AUTHENTICATION),  # RFC 7372, Gmail
    (7, 25): REVERSE_DNS,  # RFC 7372 3.3
    (7, 28): TOO_FAST,
    (7, 29): AUTHENTICATION,
    (7, 124): NOT_ADMITTED,
    (7, 133): NOT_ADMITTED,
    **dict.fromkeys(((7, detail) for detail in (501, 502, 503)), SPAM),  # Exchange Online from here on
    **dict.fromkeys(((7, detail) for detail in (509, 515)), AUTHENTICATION),
    (7, 500): TOO_FAST,
    (7, 511): BLOCKLIST,
    **dict.fromkeys(((7, detail) for detail in range(606, 650)), BLOCKLIST),
    (7, 650): TOO_FAST,
    (7, 705): TOO_FAST,
    (7, 708): BLOCKLIST,
}

# ------------------------------------------------------------------ 3. words; the first that is found counts
BY_WORDS: tuple[tuple[Refusal, re.Pattern[str]], ...] = (
    (GREYLISTED, _any_of(r"\bgr[ae]y-?list", r"\bpostgrey\b", r"\bnew sender\b.{0,60}\b(?:again|later)\b")),
    (SENDER_ADDRESS, _any_of(
        r"\bsender (?:address|domain)\b.{0,80}\b(?:rejected|verif\w+|not found|denied|invalid|does not exist|resolve)",
        r"\bsender (?:verify|verification) failed\b", r"\bdomain of sender\b", r"\b(?:null|invalid) sender\b", r"\bsender denied\b",
        r"\bsender (?:is )?not (?:allowed|authori[sz]ed|permitted)\b",
        r"\b(?:mail from|return[- ]path|envelope[- ](?:from|sender)|from (?:address|domain|header)|your domain)\b",
    )),
    (NO_RELAY, _any_of(
        r"\brelay(?:ing)?\b.{0,30}\b(?:denied|prohibited|not (?:allowed|permitted)|disallowed)", r"\b(?:unable|not permitted) to relay\b",
        r"\bdo(?:es)? not relay\b",
    )),
    (LOGIN, _any_of(
        r"\bauthentication (?:is )?(?:required|failed|needed)\b", r"\bmust (?:authenticate|log ?in)\b", r"\bauth(?:entication|enticate)? first\b",
    )),
    (NO_SMTPUTF8, _any_of(r"\bsmtputf8\b", r"\binternationali[sz]ed (?:address|mail)", r"\bnon-?ascii\b.{0,30}\baddress")),
    (NOT_ADMITTED, _any_of(
        r"\b(?:members?|subscribers?)[- ]only\b", r"\bnot (?:a member|allowed to (?:post|send) to)\b",
        r"\bonly (?:members|subscribers|authori[sz]ed senders)\b",
    )),
    (SPAM, _any_of(
        r"\b(?:spam|junk ?mail|uce|ube|bulk mail|phish\w*|malware|virus\w*|unsolicited|suspicious|complaints?)\b",
        r"\bcontent\b.{0,40}\b(?:reject|den[iy]|refus|filter|policy)", r"\brejected by (?:\w+ ){0,3}(?:content|filter)",
        r"\bPH0\d\b", r"\bTSS(?:09|1\d)\b", r"\bDT:SPM\b", r"\bSC-00[1-4]\b",
    )),
    (FULL, _any_of(
        r"\b(?:over|exceed\w*|out of|reached|above|beyond)\b.{0,40}\b(?:quota|storage|disk space|mailbox (?:size|limit))",
        r"\bquota\b.{0,20}\b(?:exceed|full|reached)", r"\b(?:mail ?box|inbox|mail folder|maildir|account|user)\b.{0,40}\bfull\b",
        r"\bover ?quota\b", r"\b(?:insufficient|not enough) (?:system |mailbox |disk )?(?:storage|space)\b",
    )),
    (TOO_LARGE, _any_of(
        r"\b(?:message|size|mail|body)\b.{0,30}\b(?:too (?:large|big|long)|exceeds?)\b", r"\bsize limit\b", r"\bexceed\w*\b.{0,40}\b(?:message|mail) size\b", r"\btoo (?:large|big)\b",
    )),
    (SWITCHED_OFF, _any_of(
        r"\b(?:account|mail ?box|user|recipient|address)\b.{0,40}\b(?:disabled|inactive|deactivated|suspended|locked|frozen|not active|dormant)\b",
        r"\b(?:disabled|inactive|suspended|deactivated) (?:account|mail ?box|user|recipient|address)\b",
    )),
    (NO_DOMAIN, _any_of(
        r"\bnull ?mx\b", r"\b(?:host|domain)(?: name)? (?:unknown|not found(?!, try again)|does(?: not|n't) exist|is unknown|not exist)", r"\bnxdomain\b",
        r"\b(?:unknown|no such) (?:host|domain)\b", r"\bunrouteable (?:mail )?domain\b", r"\bno (?:mx|valid hosts?)\b",
        r"\b(?:domain|host)\b.{0,40}\b(?:does not (?:accept|receive)|accepts? no) (?:mail|email)",
    )),
    (MOVED, _any_of(r"\b(?:has|was) moved\b", r"\buser not local\b")),
    (NO_MAILBOX, _any_of(
        r"\b(?:unknown|no such|invalid|nonexistent|non-exist(?:ent|ing)|undeliverable|unrouteable) (?:local )?"
        r"(?:user|mail ?box|recipient|account|address|local[- ]?part|person|e-?mail)",
        r"\b(?:user|recipient|mail ?box|account|address|alias|local[- ]?part|addressee|customer)\b.{0,80}"
        r"\b(?:unknown|not (?:found|exist\w*|known|recogni[sz]ed|listed)|(?:does|do|did)(?: not|n't) exist|cannot be found)",
        r"\b(?:user|recipient|mail ?box|account|address)\b.{0,25}"
        r"\b(?:(?:is|was|been) (?:closed|terminated|deleted|discontinued)|expired|invalid|not valid|no longer)\b",
        r"\bmail ?box\s{1,3}(?:is )?(?:unavailable|not available)\b", r"\buser ?unknown\b", r"\bno (?:mail ?box|user|one) (?:here\b|by that name\b)",
        r"\bNoSuchUser\b", r"\bdoesn'?t have an? [\w.]+ account\b", r"\bnot a (?:valid|known) (?:user|mail ?box|recipient|address)\b",
        r"\b5\.4\.1\b.{0,40}\baccess denied\b",  # Exchange Online, for an address that its directory does not know
        r"\bno longer (?:exists|valid|in use|active|employed|with (?:us|the company))\b",
        r"\b(?:benutzer|empf.{1,2}nger|postfach|adresse)\b.{0,40}\b(?:unbekannt|nicht (?:vorhanden|gefunden)|existiert nicht)",
        r"\b(?:utilisateur|destinataire|adresse)\b.{0,40}\b(?:inconnue?|inexistante?|introuvable)",
        r"\b(?:usuario|destinatario|utente)\b.{0,40}\b(?:desconocido|no existe|sconosciuto|inesistente)",
    )),
    (BAD_ADDRESS, _any_of(
        r"\bbad (?:destination|recipient)\b", r"\bmalformed\b.{0,20}\baddress", r"\binvalid (?:mail )?address (?:syntax|format)",
        r"\bmailbox name not allowed\b",
    )),
    (UNREACHABLE, _any_of(r"\btoo many hops\b", r"\b(?:mail|routing) loop\b", r"\bloops? back\b", r"\bno route\b")),
    (BUSY, _any_of(
        r"\b(?:internal|local|temporary|system|server|dns|lookup|database|service)\b.{0,30}\b(?:error|failure|problem|unavailable|trouble|busy)",
        r"\btry (?:again )?later\b", r"\bshutting down\b", r"\btimed? ?out\b",
    )),
    (NOT_UNDERSTOOD, _any_of(
        r"\bsyntax error\b", r"\bcommand (?:not|un)\w*\b", r"\bbad sequence\b", r"\bbare (?:lf|cr|newline)", r"\blines? (?:is |are )?too long\b",
        r"\b(?:header|rfc ?[25]?[38]22)\b.{0,40}\b(?:missing|invalid|multiple|duplicate|compliant)",
    )),
    (REFUSED_BY_POLICY, _any_of(
        r"\bpolic(?:y|ies)\b", r"\baccess denied\b", r"\bnot authori[sz]ed\b", r"\bprohibited\b", r"\bblocked\b", r"\badministrative",
    )),
)  # fmt: skip

# ------------------------------------------------------------------ 4. enhanced codes that say little, by their subject (RFC 3463 3)
BY_SUBJECT: dict[int, Refusal] = {
    2: SWITCHED_OFF,
    3: BUSY,
    4: UNREACHABLE,
    5: NOT_UNDERSTOOD,
    6: NOT_UNDERSTOOD,
    7: REFUSED_BY_POLICY,
}
BY_CODE: dict[int, Refusal] = {
    421: TOO_FAST,
    432: BUSY,
    450: BUSY,
    451: BUSY,
    452: BUSY,
    454: BUSY,
    455: NOT_UNDERSTOOD,
    500: NOT_UNDERSTOOD,
    501: NOT_UNDERSTOOD,
    502: NOT_UNDERSTOOD,
    503: NOT_UNDERSTOOD,
    504: NOT_UNDERSTOOD,
    521: NO_DOMAIN,  # RFC 7504 3: this host takes no mail
    523: TOO_LARGE,
    530: LOGIN,
    534: LOGIN,
    535: LOGIN,
    538: NEEDS_TLS,
    551: MOVED,
    552: FULL,
    553: BAD_ADDRESS,
    555: NOT_UNDERSTOOD,
    556: NO_DOMAIN,  # RFC 7504 4
}

BY_BOTH: dict[tuple[str, tuple[int, int]], Refusal] = {
    (TOO_FAST.word, (2, 1)): BUSY,  # Gmail: one mailbox gets too much at the moment, whoever sends it
    (TOO_FAST.word, (7, 26)): AUTHENTICATION,  # slowed down because it cannot be told who sends
    (BUSY.word, (7, 0)): TOO_FAST,  # "try again later" with a code for policy
}
"""What the words and the enhanced code together say, where the words alone mislead."""

_STATUS = re.compile(r"(?<![\w.])[245]\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_ADDRESS = re.compile(r"<[^<>]{0,320}>|[^\s<>@]{0,64}@[^\s<>@]{1,255}")


def classify(code: int, text: str, stage: Stage) -> Refusal:
    """What a refusal means.

    code   the reply code, 400..599 (anything else is looked at as it comes)
    text   the reply's text, several lines joined by blanks; may be anything
    stage  the command that was answered: a refused MAIL is never the reader's fault
    Never raises. A temporary reply (4xx) is never hard: the same mailbox may be there tomorrow.
    """
    shown = _ADDRESS.sub(" ", text[:LONGEST_LOOKED_AT])  # an address may be called spam@
    status = _status(shown)
    found = (
        _by_words(shown, SENDERS_FAULT)
        or (BY_STATUS.get(status) if status else None)
        or _by_words(shown, BY_WORDS)
        or (BY_SUBJECT.get(status[0]) if status else None)
        or _by_code(code, stage)
    )
    return _bounded(BY_BOTH.get((found.word, status), found) if status else found, code, stage)


def _status(text: str) -> tuple[int, int] | None:
    """Subject and detail of the first enhanced code (RFC 3463 2); no IP address, no version with more parts."""
    found = _STATUS.search(text)
    return (int(found[1]), int(found[2])) if found else None


def _by_words(text: str, table: tuple[tuple[Refusal, re.Pattern[str]], ...]) -> Refusal | None:
    return next((refusal for refusal, pattern in table if pattern.search(text)), None)


def _by_code(code: int, stage: Stage) -> Refusal:
    if code == 554 and stage in {Stage.DATA, Stage.DOT}:  # noqa: PLR2004  # RFC 5321 4.2.3: transaction failed, after the content was seen
        return REFUSED_BY_POLICY
    if code == 552 and stage is Stage.MAIL:  # noqa: PLR2004  # RFC 1870 6.1: SIZE is judged here
        return TOO_LARGE
    return BY_CODE.get(code, BUSY if code < PERMANENT else UNEXPLAINED)


def _bounded(found: Refusal, code: int, stage: Stage) -> Refusal:
    """What the code and the stage allow: hard only for a final answer about the recipient; greylisting only for a temporary one."""
    if stage is Stage.MAIL and found in ONLY_OF_A_MAILBOX:  # the server does not know yet whom the message is for
        return SENDER_ADDRESS
    is_softened = found.kind is Kind.HARD if code < PERMANENT else found is GREYLISTED
    return replace(found, kind=Kind.SOFT) if is_softened else found
