"""Knows how the providers differ: what their keys are called, which headers they take, and for how long they know a request again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, uuid5

from syndication.environment import EspAccount

LONGEST_KEY = 256  # characters, Resend's limit
OURS_ALONE = frozenset({"message-id", "date"})  # most providers set these themselves, and some refuse a request that has them


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider.

    backend              django-anymail's class
    token, username      what it calls the two halves of the key
    options              our URL's options and what it calls them
    left_out             headers (lower case) that it does not take, or takes ill
    extra_headers        headers that it wants besides
    has_tracking_switch  whether opens and clicks can be told not to be counted, message by message
    key_header           the HTTP header that makes a repeated request harmless; "" when there is none
    key_field            the same as a field among the message's headers
    key_seconds          how long the provider knows the key
    """

    backend: str
    token: str
    username: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = OURS_ALONE
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    has_tracking_switch: bool = False
    key_header: str = ""
    key_field: str = ""
    key_seconds: int = 0


PROVIDERS: Mapping[str, Provider] = {
    "brevo": Provider(
        "anymail.backends.brevo.EmailBackend",
        "api_key",
        key_field="idempotencyKey",
        key_seconds=900,  # its documents say 15 and 30 minutes
    ),
    "mailgun": Provider(
        "anymail.backends.mailgun.EmailBackend",
        "api_key",
        options={"domain": "sender_domain"},
        left_out=frozenset(),
        has_tracking_switch=True,
    ),
    "mailjet": Provider(
        "anymail.backends.mailjet.EmailBackend", "secret_key", "api_key", left_out=OURS_ALONE | {"list-id"}, has_tracking_switch=True
    ),
    "mailtrap": Provider("anymail.backends.mailtrap.EmailBackend", "api_token"),
    "postmark": Provider(
        "anymail.backends.postmark.EmailBackend",
        "server_token",
        options={"stream": "message_stream"},
        left_out=frozenset({"date"}),
        extra_headers={"X-PM-KeepID": "true"},  # keeps our Message-ID
        has_tracking_switch=True,
    ),
    "resend": Provider("anymail.backends.resend.EmailBackend", "api_key", key_header="Idempotency-Key", key_seconds=24 * 3600),
    "scaleway": Provider("anymail.backends.scaleway.EmailBackend", "secret_key", options={"project": "project_id", "region": "region"}),
}


def arguments_of(account: EspAccount) -> dict[str, str]:
    """What the account's backend is made with."""
    provider = PROVIDERS[account.provider]
    found = {provider.token: account.token, **{provider.options[name]: value for name, value in account.options}}
    if provider.username:
        found[provider.username] = account.username
    if account.api:
        found["api_url"] = account.api
    return found


def safe_repeat_seconds(account: EspAccount) -> int:
    """For how long after a request without an answer the same request may be made again and reaches nobody twice; 0: never."""
    return PROVIDERS[account.provider].key_seconds


def has_idempotency(account: EspAccount) -> bool:
    """Whether a request may be repeated at all."""
    return safe_repeat_seconds(account) > 0


def key_headers(provider: Provider, key: str) -> tuple[dict[str, str], dict[str, str]]:
    """The key as HTTP headers and as headers of the message; both empty where the provider has no such thing."""
    in_request = {provider.key_header: key[:LONGEST_KEY]} if provider.key_header else {}
    in_message = {provider.key_field: str(uuid5(NAMESPACE_URL, key))} if provider.key_field else {}  # Brevo wants a UUID
    return in_request, in_message
