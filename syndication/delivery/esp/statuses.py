"""What a provider's HTTP status and words say about a message, in the terms of SMTP."""

import json
import re

from syndication.delivery.esp.errors import LostAfterRequest, ServerAway
from syndication.delivery.outcome import Answer, Stage

LONGEST_TEXT = 300  # characters
UNANSWERED = frozenset({502, 504})  # a gateway's word: the server behind it may have taken the message
OF_THE_ACCOUNT = frozenset({401, 402, 403, 404, 405, 407})  # RFC 9110 15.5: key, payment, permission, address of the API
TOO_LARGE, TOO_MANY, CONFLICT = 413, 429, 409
SERVER_ERROR = 500
TAKEN_BEFORE = re.compile(r"duplicate_parameter", re.IGNORECASE)  # Brevo, for a key that it knows
UNDER_WAY = re.compile(r"concurrent", re.IGNORECASE)  # Resend, for a key whose first request has no answer yet
ABOUT_RECIPIENT = re.compile(
    r"\brecipient|['\"`]to['\"`]|\bto(?:\[0\])?(?:\.|\b)(?:email|address)|\bto (?:field|address|parameter)|\binactive|\bsuppress|\bunsubscrib|\bbounced|"
    r"\bemail address (?:is|in)\b|\binvalid (?:email|address)|\bemail is not valid",
    re.IGNORECASE,
)
ABOUT_SENDER = re.compile(
    r"\bsender|['\"`]from['\"`]|\bfrom (?:field|address|parameter)|\bsignature|\bdomain\b.{0,40}\b(?:verif|allow|found|regist)|\bverif|\baccount\b|\bquota|"
    r"\bcredits?\b|\bplan\b|\bsuspend|\bapproval|\bunauthori[sz]ed|\bforbidden|\bapi[ _-]?key",
    re.IGNORECASE,
)


def answer_to(status: int, body: str, *, retry_after: str = "") -> Answer:
    """The clear answer that a status of 300..599 with its body is.

    Only what is surely about the recipient refuses the recipient. Raises ServerAway for what is about the account: the next reader
    would fare no better, so nobody is marked failed; LostAfterRequest where the message may have been taken.
    """
    text = said_in(body) or f"HTTP {status}"
    if TAKEN_BEFORE.search(body) and status < SERVER_ERROR:
        return Answer(Stage.DOT, 250, "2.0.0 taken before, under the same key")
    if status in UNANSWERED:
        raise LostAfterRequest(f"a gateway answered {status}: {text}")
    if status >= SERVER_ERROR:
        return Answer(Stage.DOT, 451, f"4.3.0 HTTP {status}: {text}")
    if status == TOO_MANY:
        return Answer(Stage.MAIL, 421, f"4.7.28 rate limit: {text}" + (f" (again in {retry_after} s)" if retry_after else ""))
    if status == CONFLICT and not UNDER_WAY.search(body):
        raise LostAfterRequest(f"the provider answered {status}: {text}")
    if status in {408, 409, 425}:  # RFC 9110 15.5.9, 15.5.10; RFC 8470 5.2
        return Answer(Stage.DOT, 451, f"4.3.0 HTTP {status}: {text}")
    if status == TOO_LARGE:
        return Answer(Stage.DOT, 552, f"5.3.4 {text}")
    return _refusal(status, text)


def _refusal(status: int, text: str) -> Answer:
    if status in OF_THE_ACCOUNT or status < 400 or (ABOUT_SENDER.search(text) and not ABOUT_RECIPIENT.search(text)):  # noqa: PLR2004
        raise ServerAway(f"answered {status}: {text}")
    if ABOUT_RECIPIENT.search(text):
        return Answer(Stage.RCPT, 550, f"HTTP {status}: {text}")
    return Answer(Stage.MAIL, 554, f"5.6.0 HTTP {status}: {text}")


def said_in(body: str) -> str:
    """The provider's words, out of JSON or as they are, as one line."""
    try:
        found = " ".join(_words(json.loads(body)))
    except (ValueError, RecursionError):
        found = body
    return " ".join("".join(letter if letter.isprintable() else " " for letter in found[: 4 * LONGEST_TEXT]).split())[:LONGEST_TEXT]


def _words(value: object) -> list[str]:
    if isinstance(value, dict):
        return [word for one in value.values() for word in _words(one)]
    if isinstance(value, list):
        return [word for one in value for word in _words(one)]
    return [str(value)] if isinstance(value, str | int) and not isinstance(value, bool) else []
