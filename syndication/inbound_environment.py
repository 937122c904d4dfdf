"""Reads from the environment where mail that comes back is taken from: a port of ours, a mailbox, the notices of a provider."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from syndication.environment import SettingError

LISTEN, MAILBOX, WEBHOOKS = "SYNDICATION_BOUNCE_LISTEN", "SYNDICATION_BOUNCE_MAILBOX", "SYNDICATION_WEBHOOK_SECRET"
PORTS = {"imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995}
OPTIONS = frozenset({"done", "folder", "tls", "verify", "ca"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SHORTEST_PASSWORD = 12


@dataclass(frozen=True, slots=True)
class Listen:
    """Where our own server for returned mail listens; `port` 0: nowhere."""

    host: str = ""
    port: int = 0
    is_lmtp: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'lmtp' if self.is_lmtp else 'smtp'}://{host}:{self.port}" if self.port else "off"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox that is looked into.

    tls   "implicit", "starttls" or "none"
    done  what becomes of a mail that is kept here: "seen", "delete", or "move" into `moves_to`
    """

    is_imap: bool
    host: str
    port: int
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    tls: str = "implicit"
    done: str = "seen"
    moves_to: str = ""
    is_verified: bool = True
    ca_file: str = ""

    def __str__(self) -> str:
        return f"{self.username} at {self.host}:{self.port}"


def listen(text: str) -> Listen:
    """127.0.0.1:8026, [::1]:8026, lmtp://127.0.0.1:8024, or off. Raises SettingError."""
    if text.strip().lower() == "off":
        return Listen()
    try:
        parts = urlsplit(text if "://" in text else f"smtp://{text}")
        port = parts.port
    except ValueError as error:
        raise SettingError(LISTEN, text, f"is no address ({error})") from error
    if parts.scheme not in {"smtp", "lmtp"} or not parts.hostname or not port or parts.path.strip("/") or parts.query or parts.username:
        raise SettingError(LISTEN, text, "use 127.0.0.1:8026, lmtp://127.0.0.1:8024, or off")
    return Listen(parts.hostname, port, is_lmtp=parts.scheme == "lmtp")


def mailbox(url: str) -> Mailbox | None:
    """imaps://user:password@host/INBOX?done=move&folder=Read, also imap, pop3s and pop3; None for an empty text. Raises SettingError."""
    if not url:
        return None
    parts, options = _parts(url)
    is_imap, is_plain = parts.scheme.startswith("imap"), not parts.scheme.endswith("s")
    done = _choice(url, options, "done", "seen" if is_imap else "delete", "delete", *(("move",) if is_imap else ()))
    if done == "move" and not options.get("folder"):
        raise SettingError(MAILBOX, url, "done=move needs folder=…, the folder to move to")
    usual_tls = "none" if parts.hostname in LOOPBACK else "starttls"
    ca_file = options.get("ca", "")
    if ca_file and not Path(ca_file).is_file():
        raise SettingError(MAILBOX, url, f"ca={ca_file} is no file; name the PEM file of the authority that signed the certificate")
    return Mailbox(
        is_imap=is_imap,
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        tls=_choice(url, options, "tls", usual_tls, "starttls", "none") if is_plain else "implicit",
        done=done,
        moves_to=options.get("folder", ""),
        is_verified=_choice(url, options, "verify", "yes", "no") == "yes",
        ca_file=ca_file,
    )


def webhook_secret(text: str) -> str:
    """user:password for the provider's HTTP Basic authentication; "" is off. Raises SettingError for a password that can be guessed."""
    user, colon, password = text.partition(":")
    if text and (not user or not colon or len(password) < SHORTEST_PASSWORD or not text.isascii() or not text.isprintable()):
        raise SettingError(WEBHOOKS, "…", f"write user:password, with a password of at least {SHORTEST_PASSWORD} plain characters")
    return text


def _parts(url: str) -> tuple[SplitResult, dict[str, str]]:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SettingError(MAILBOX, url, f"is not a URL ({error})") from error
    if parts.scheme not in PORTS or not parts.hostname or not parts.username or not parts.password:
        raise SettingError(
            MAILBOX, url, "use imaps://user:password@host/INBOX or pop3s://user:password@host; quote an @ in the user as %40"
        )
    options = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
    for key in options.keys() - OPTIONS:
        raise SettingError(MAILBOX, url, f"{key} is unknown; the options are {', '.join(sorted(OPTIONS))}")
    return parts, options


def _choice(url: str, options: dict[str, str], name: str, *known: str) -> str:
    value = options.get(name, known[0])
    if value not in known:
        raise SettingError(MAILBOX, url, f"{name}={value} is unknown; use one of {', '.join(dict.fromkeys(known))}")
    return value
