"""Reads environment variables into typed values; a wrong value names itself."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from syndication.errors import SyndicationError

SMTP_TLS_MODES = ("none", "starttls")
SMTP_SCHEMES = {"smtp": 25, "smtps": 465, "lmtp": 24}
SMTP_AUTH_MODES = ("plain", "login", "xoauth2")
SMTP_OPTIONS = frozenset({"tls", "auth", "connections", "window", "verify", "ca", "clear_password"})
LONGEST_ADDRESS = 500  # characters
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?").fullmatch
MOST_CONNECTIONS, LARGEST_WINDOW = 100, 64
ESP_PREFIX = "esp+"
ESP_OPTIONS: Mapping[str, frozenset[str]] = {  # providers whose HTTP API we speak, and what else their URL may say
    "brevo": frozenset(),
    "mailgun": frozenset({"domain"}),
    "mailjet": frozenset(),
    "mailtrap": frozenset(),
    "postmark": frozenset({"stream"}),
    "resend": frozenset(),
    "scaleway": frozenset({"project", "region"}),
}
ESP_NEEDS = {"scaleway": "project"}


class SettingError(SyndicationError):
    """An environment variable whose value cannot be used; the message starts with its name."""

    def __init__(self, name: str, value: str, why: str) -> None:
        shown = value if "://" not in value else _without_password(value)
        super().__init__(f"{name}={shown!r}: {why}")


@dataclass(frozen=True, slots=True)
class SmtpAddress:
    """Where mail is handed over.

    tls          "none", "starttls" (required) or "implicit"
    auth         "plain", "login" or "xoauth2" (then the password is an access token); "": what the server offers
    is_lmtp      whether the server speaks LMTP (RFC 2033)
    connections  how many a sender may hold open
    window       messages on their way at once on one connection, where the server offers CHUNKING; 1: never more than one in doubt
    is_verified  whether the server's certificate must be valid, for its host, by `ca_file` or the system's authorities
    allows_clear_password  whether the password may go over an unencrypted connection to another machine
    """

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls: str = "none"
    auth: str = ""
    is_lmtp: bool = False
    connections: int = 10
    window: int = 8
    is_verified: bool = True
    ca_file: str = ""
    allows_clear_password: bool = False

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class EspAccount:
    """An account at a provider that takes mail over HTTP.

    token        the API key
    username     the public half of the key, where there are two (Mailjet)
    api          the API's base URL; "" for the provider's own
    options      what else the URL said, as (name, value)
    connections  requests on their way at once
    """

    provider: str
    token: str = field(repr=False)
    username: str = ""
    api: str = ""
    options: tuple[tuple[str, str], ...] = ()
    connections: int = 4

    def __str__(self) -> str:
        return f"{self.provider} (HTTP)"


def read(environ: Mapping[str, str], name: str, default: str = "") -> str:
    """The variable's value, or the content of the file that `<name>_FILE` names, or `default`.

    Raises SettingError when both are given, or the file cannot be read.
    """
    value, path = environ.get(name, ""), environ.get(f"{name}_FILE", "")
    if value and path:
        raise SettingError(f"{name}_FILE", path, f"{name} is set too; keep one of the two")
    if not path:
        return value or default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{name}_FILE", path, f"cannot be read ({error}); name a readable text file") from error


def read_flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    """1, true, yes, on or 0, false, no, off. Raises SettingError for anything else."""
    value = read(environ, name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise SettingError(name, value, "use 1 or 0")


def read_number(environ: Mapping[str, str], name: str, *, default: int, smallest: int, largest: int) -> int:
    """A whole number in [smallest, largest]. Raises SettingError otherwise."""
    value = read(environ, name)
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or not smallest <= int(value) <= largest:
        raise SettingError(name, value, f"use a whole number from {smallest} to {largest}")
    return int(value)


def read_numbers(environ: Mapping[str, str], name: str, *, known: Collection[str], largest: int) -> dict[str, int]:
    """Whole numbers by name, such as "network=100 form=0"; only those given. Raises SettingError for unknown names and other values."""
    found = {}
    for word in read(environ, name).split():
        key, equals, value = word.partition("=")
        if key not in known or not equals:
            raise SettingError(name, word, f"use name=number; the names are {', '.join(known)}")
        if not value.isascii() or not value.isdigit() or int(value) > largest:
            raise SettingError(name, word, f"use a whole number from 0 to {largest}")
        found[key] = int(value)
    return found


def read_networks(environ: Mapping[str, str], name: str, default: str = "") -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks, such as "127.0.0.1 10.0.0.0/8"; "none" for none. Raises SettingError naming the wrong one."""
    value = read(environ, name, default)
    found = []
    for word in [] if value == "none" else value.replace(",", " ").split():
        try:
            found.append(ip_network(word))
        except ValueError as error:
            raise SettingError(name, word, f"is no network ({error}); write 10.0.0.0/8 or 127.0.0.1") from error
    return tuple(found)


def read_hosts(environ: Mapping[str, str], name: str, *, present: str) -> tuple[str, ...]:
    """Host names between spaces, in small letters, without ports. Raises SettingError for what is none, or is the present one."""
    found: dict[str, None] = {}
    for word in read(environ, name).lower().split():
        host = word.rstrip(".")
        if not _HOST(host):
            raise SettingError(name, word, "is no host name; write old.example.org, without https:// and port")
        if host == present:
            raise SettingError(name, word, "is the host of SYNDICATION_BASE_URL; name only hosts that lead there")
        found[host] = None
    return tuple(found)


def read_addresses(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Public http(s) addresses between spaces, each once. Raises SettingError naming the wrong one."""
    found: dict[str, None] = {}
    for word in read(environ, name).split():
        parts = _split(name, word)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.username
            or parts.fragment
            or not word.isascii()
            or len(word) > LONGEST_ADDRESS
        ):
            raise SettingError(name, word, "use addresses such as https://hub.example.org/, with a space between them")
        if set(word) & set("<>\"'\\^`{|}"):
            raise SettingError(name, word, "has a character that no URL has; write it with a percent sign")
        found[word] = None
    return tuple(found)


def remembered(path: Path) -> Mapping[str, str]:
    """What `syndication up` last wrote about itself: "base_url" and "catcher_port"; empty when it never ran on this home.

    Commands in another window must make the same links as the running copy, whose ports may have moved.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}


def database(url: str, home: Path) -> dict[str, object]:
    """Django's database settings for DATABASE_URL; an empty URL means SQLite in `home`.

    Raises SettingError when the scheme is neither sqlite, postgres nor postgresql, or a part is missing.
    """
    if not url:
        return sqlite(home / "syndication.sqlite3")
    parts = _split("DATABASE_URL", url)
    if parts.scheme == "sqlite":
        if not parts.path.strip("/"):
            raise SettingError("DATABASE_URL", url, "names no file; write sqlite:////absolute/path.sqlite3")
        return sqlite(Path(unquote(parts.path.removeprefix("/"))))
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SettingError("DATABASE_URL", url, "use postgresql://user:password@host:5432/name or sqlite:////path")
    name, query = unquote(parts.path.strip("/")), parse_qs(parts.query)
    host = query.pop("host", [parts.hostname or ""])[0]
    if not name or not host:
        raise SettingError("DATABASE_URL", url, "needs a host and a database name: postgresql://user@host:5432/name")
    options: dict[str, object] = {key: values[-1] for key, values in query.items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "HOST": unquote(host),
        "PORT": str(parts.port or 5432),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


def sqlite(path: Path) -> dict[str, object]:
    """SQLite as several processes can share it.

    IMMEDIATE transactions and a write-ahead log: 4 processes, 1,600 transactions, no "database is locked" (measured; the default mode had 233).
    """
    pragmas = ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-16000", "mmap_size=0")
    return {
        "ENGINE": "syndication.sqlite",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": ";".join(f"PRAGMA {pragma}" for pragma in pragmas),
        },
    }


def redis(url: str) -> str:
    """REDIS_URL as given. Raises SettingError unless it is redis://, rediss:// or unix://."""
    parts = _split("REDIS_URL", url)
    if parts.scheme not in {"redis", "rediss", "unix"} or not (parts.hostname or parts.path):
        raise SettingError("REDIS_URL", url, "use redis://host:6379/0, rediss://host:6379/0 or unix:///path?db=0")
    if parts.scheme != "unix" and not parts.path.strip("/").isdigit() and parts.path.strip("/"):
        raise SettingError("REDIS_URL", url, f"{parts.path.strip('/')!r} is no database number; use redis://host:6379/0")
    return url


def smtp(url: str) -> SmtpAddress:
    """The server of SYNDICATION_SMTP_URL: smtp://user:password@host:587?tls=starttls, smtps://… or lmtp://….

    Raises SettingError for another scheme, a missing host, or an option that is unknown or has a wrong value.
    """
    name = "SYNDICATION_SMTP_URL"
    parts = _split(name, url)
    if parts.scheme not in SMTP_SCHEMES or not parts.hostname:
        raise SettingError(name, url, "use smtp://user:password@host:587?tls=starttls, smtps://host:465 or lmtp://host:24")
    options = _Options(name, url, parts.query)
    return SmtpAddress(
        host=parts.hostname,
        port=parts.port or SMTP_SCHEMES[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls="implicit" if parts.scheme == "smtps" else options.choice("tls", *SMTP_TLS_MODES),
        auth=options.choice("auth", "", *SMTP_AUTH_MODES),
        is_lmtp=parts.scheme == "lmtp",
        connections=options.number("connections", default=10, largest=MOST_CONNECTIONS),
        window=options.number("window", default=8, largest=LARGEST_WINDOW),
        is_verified=options.choice("verify", "yes", "no") == "yes",
        ca_file=options.file("ca"),
        allows_clear_password=options.choice("clear_password", "no", "yes") == "yes",
    )


class _Options:
    """What stands behind the question mark of a server's URL. Raises SettingError for names that mean nothing: a slip must not weaken TLS."""

    def __init__(self, name: str, url: str, query: str, known: frozenset[str] = SMTP_OPTIONS) -> None:
        self._name, self._url = name, url
        self._values = {key: values[-1] for key, values in parse_qs(query, keep_blank_values=True).items()}
        for key in self._values.keys() - known:
            raise SettingError(name, url, f"{key} is unknown; the options are {', '.join(sorted(known))}")

    def text(self, key: str) -> str:
        return self._values.get(key, "")

    def choice(self, key: str, default: str, *others: str) -> str:
        value = self._values.get(key, default)
        if value not in (default, *others):
            known = [choice for choice in (default, *others) if choice]
            raise SettingError(self._name, self._url, f"{key}={value} is unknown; use one of {', '.join(known)}")
        return value

    def number(self, key: str, *, default: int, largest: int) -> int:
        value = self._values.get(key, str(default))
        if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= largest:
            raise SettingError(self._name, self._url, f"{key}={value} is no whole number from 1 to {largest}")
        return int(value)

    def file(self, key: str) -> str:
        value = self._values.get(key, "")
        if value and not Path(value).is_file():
            raise SettingError(
                self._name, self._url, f"{key}={value} is no file; name the PEM file of the authority that signed the certificate"
            )
        return value


def is_esp(url: str) -> bool:
    """Whether a mail server's URL names a provider's HTTP API."""
    return url.startswith(ESP_PREFIX)


def esp(url: str) -> EspAccount:
    """The account of SYNDICATION_SMTP_URL=esp+postmark://:TOKEN@ or esp+mailjet://KEY:SECRET@, with ?api=https://… for another base URL.

    Raises SettingError, which never shows the token, for an unknown provider, a missing token, or an option that is unknown or wrong.
    """
    name = "SYNDICATION_SMTP_URL"
    scheme, _, rest = url.partition("://")
    shown = f"{scheme}://***@" + (f"?{rest.partition('?')[2]}" if "?" in rest else "")
    parts = _split(name, url)
    provider = parts.scheme.removeprefix(ESP_PREFIX)
    if provider not in ESP_OPTIONS:
        raise SettingError(name, shown, f"knows no such provider; use one of {', '.join(f'{ESP_PREFIX}{known}' for known in ESP_OPTIONS)}")
    if not parts.password or parts.hostname or bool(parts.username) != (provider == "mailjet"):
        raise SettingError(name, shown, f"write {ESP_PREFIX}{provider}://{'KEY:SECRET' if provider == 'mailjet' else ':TOKEN'}@")
    own = ESP_OPTIONS[provider]
    options = _Options(name, shown, parts.query, own | {"api", "connections"})
    needed = ESP_NEEDS.get(provider, "")
    if needed and not options.text(needed):
        raise SettingError(name, shown, f"needs ?{needed}=…")
    return EspAccount(
        provider=provider,
        token=unquote(parts.password),
        username=unquote(parts.username or ""),
        api=_api_of(name, shown, options.text("api")),
        options=tuple((key, value) for key in sorted(own) if (value := options.text(key))),
        connections=options.number("connections", default=4, largest=MOST_CONNECTIONS),
    )


def _api_of(name: str, shown: str, api: str) -> str:
    parts = _split(name, api)
    is_here = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if api and not (parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and is_here))):
        raise SettingError(name, shown, "api must be https://… (http only for this machine): the token goes there")
    return api


def base_url(url: str) -> str:
    """SYNDICATION_BASE_URL without its last slash. Raises SettingError unless it is http(s)://host[:port]."""
    name = "SYNDICATION_BASE_URL"
    parts = _split(name, url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise SettingError(name, url, "use the public address, for example https://news.example.org")
    if parts.path.strip("/"):
        raise SettingError(name, url, "must not have a path; give Syndication a host name of its own")
    return url.rstrip("/")


def _split(name: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SettingError(name, url, f"is not a URL ({error})") from error
    return parts


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    scheme, _, credentials = head.partition("://")
    return f"{scheme}://{credentials.partition(':')[0]}:***@{tail}" if at else url
