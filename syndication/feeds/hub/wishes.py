"""Reads what a subscriber wants from the form that it posts (WebSub 5.1)."""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl

from syndication.articles.public_addresses import Network
from syndication.feeds.hub.callbacks import Callback, checked
from syndication.feeds.hub.errors import NOT_FOUND, TOO_LARGE, WRONG_TYPE, HubRefused
from syndication.feeds.hub.leases import granted_seconds

SUBSCRIBE, UNSUBSCRIBE, DENIED = "subscribe", "unsubscribe", "denied"
FORM = "application/x-www-form-urlencoded"
LARGEST_FORM = 16 * 1024  # bytes
MOST_FIELDS = 50
SECRET_BYTES = 200  # "MUST be less than 200 bytes in length"
LONGEST_TOPIC = 1000  # characters


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscriber wants. `lease_seconds` is what it would get; without a secret nothing is signed."""

    mode: str
    topic_url: str
    callback: Callback
    secret: str
    lease_seconds: int

    @property
    def key(self) -> str:
        """WebSub 5.1: a subscription is known by its topic and its callback."""
        return subscription_key(self.topic_url, self.callback.url)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the installation allows.

    own               its public host and port
    allowed           networks of callbacks that need not be public
    takes_secrets     whether a secret would come here unseen by others
    """

    own: tuple[str, int]
    allowed: Collection[Network]
    takes_secrets: bool


def subscription_key(topic_url: str, callback_url: str) -> str:
    """64 hexadecimal digits."""
    return sha256(f"{topic_url}\n{callback_url}".encode()).hexdigest()


def read_wish(content_type: str, body: bytes, bounds: Bounds) -> Wish:
    """The wish in a form. Raises HubRefused; whether the topic is ours is not looked at."""
    fields = _fields(content_type, body)
    mode = fields.get("hub.mode", "")
    if mode == "publish":
        raise HubRefused("This hub serves its own feeds only and sees by itself when they change; there is nothing to publish here.")
    if mode not in {SUBSCRIBE, UNSUBSCRIBE}:
        raise HubRefused("hub.mode must be subscribe or unsubscribe.")
    topic_url, callback_url = fields.get("hub.topic", ""), fields.get("hub.callback", "")
    if not topic_url or not callback_url:
        raise HubRefused("hub.topic and hub.callback must both be given: the address of the feed, and where it shall be delivered.")
    if len(topic_url) > LONGEST_TOPIC:
        raise HubRefused("hub.topic is longer than the address of any feed here.", status=NOT_FOUND)
    secret = fields.get("hub.secret", "")
    _refuse_secret(secret, bounds)
    callback = checked(callback_url, own=bounds.own, allowed=bounds.allowed)
    lease_seconds = granted_seconds(fields.get("hub.lease_seconds", "")) if mode == SUBSCRIBE else 0
    return Wish(mode, topic_url, callback, secret, lease_seconds)


def _fields(content_type: str, body: bytes) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise HubRefused(f"Send the request as a form: Content-Type: {FORM}.", status=WRONG_TYPE)
    if len(body) > LARGEST_FORM:
        raise HubRefused(f"The form is larger than {LARGEST_FORM} bytes.", status=TOO_LARGE)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise HubRefused("The form cannot be read: percent-encode it as UTF-8, with few fields.") from error
    ours = [(name, value) for name, value in pairs if name.startswith("hub.")]
    fields = dict(ours)
    if len(fields) != len(ours):
        raise HubRefused("A field of the form is there twice; give each once.")
    if any("\0" in value for value in fields.values()):
        raise HubRefused("A field of the form holds a NUL character.")
    return fields


def _refuse_secret(secret: str, bounds: Bounds) -> None:
    if len(secret.encode()) >= SECRET_BYTES:
        raise HubRefused(f"hub.secret must be less than {SECRET_BYTES} bytes long.")
    if secret and not bounds.takes_secrets:  # WebSub 5.1: "SHOULD only be specified when the request was made over HTTPS"
        raise HubRefused("hub.secret came unencrypted, so it is none any more; choose another one and ask over https.")
