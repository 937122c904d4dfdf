"""Knows how other systems name the columns of their exports, and which of their words mean that somebody must not be mailed.

Written from those systems' documented exports; a column that a system has renamed since is mapped by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

OWN = "syndication"


@dataclass(frozen=True, slots=True)
class Preset:
    """One system's export.

    name     as people know it
    signs    columns that together tell its files; small letters
    columns  column -> field (see columns.py); others become attributes unless `drops` names them
    drops    columns that are of no use here: ids of the other system, counters, addresses of networks
    """

    name: str
    signs: frozenset[str]
    columns: Mapping[str, str]
    drops: frozenset[str] = field(default_factory=frozenset)


PRESETS: dict[str, Preset] = {
    OWN: Preset(
        "Syndication",
        frozenset({"email", "publication", "list", "state", "since", "attributes"}),
        {
            "email": "address", "name": "name", "locale": "locale", "time_zone": "time_zone", "state": "status",
            "frequency": "frequency", "paused_until": "paused_until", "attributes": "attributes",
        },
        frozenset({"publication", "list", "since", "tracking_consent", "consent"}),
    ),
    "mailchimp": Preset(
        "Mailchimp",
        frozenset({"email address", "member_rating", "leid", "euid"}),
        {
            "email address": "address", "first name": "first_name", "last name": "last_name", "timezone": "time_zone",
            "unsub_time": "left", "clean_time": "bounced", "tags": "attribute:tags", "notes": "attribute:notes",
        },
        frozenset({
            "member_rating", "optin_ip", "confirm_ip", "latitude", "longitude", "gmtoff", "dstoff", "cc", "region", "last_changed", "leid",
            "euid", "unsub_campaign_title", "unsub_campaign_id", "unsub_reason", "unsub_reason_other", "clean_campaign_title",
            "clean_campaign_id",
        }),
    ),
    "substack": Preset(
        "Substack",
        frozenset({"email", "active_subscription", "email_disabled"}),
        {"email": "address", "name": "name", "email_disabled": "left", "plan": "attribute:plan", "created_at": "attribute:joined"},
        frozenset({"active_subscription", "first_payment_at", "expiry"}),
    ),
    "ghost": Preset(
        "Ghost",
        frozenset({"email", "subscribed_to_emails", "complimentary_plan", "stripe_customer_id"}),
        {
            "email": "address", "name": "name", "subscribed_to_emails": "wants", "labels": "attribute:labels", "tiers": "attribute:tiers",
            "note": "attribute:note", "created_at": "attribute:joined", "deleted_at": "left",
        },
        frozenset({"id", "complimentary_plan", "stripe_customer_id"}),
    ),
    "listmonk": Preset(
        "listmonk",
        frozenset({"uuid", "email", "name", "attributes", "status"}),
        {"email": "address", "name": "name", "attributes": "attributes", "status": "status", "created_at": "attribute:joined"},
        frozenset({"uuid", "updated_at"}),
    ),
    "buttondown": Preset(
        "Buttondown",
        frozenset({"creation_date", "metadata", "tags", "notes"}),
        {
            "email": "address", "email_address": "address", "type": "status", "subscriber_type": "status", "metadata": "attributes",
            "tags": "attribute:tags", "notes": "attribute:notes", "creation_date": "attribute:joined",
        },
        frozenset({
            "id", "secondary_id", "referrer_url", "source", "ip_address", "utm_source", "utm_medium", "utm_campaign", "last_open_date",
            "last_click_date", "unsubscription_reason", "purchased_by", "referral_code",
        }),
    ),
}  # fmt: skip

_WORDS = {
    "": "subscribed subscribe active enabled confirmed regular premium gifted trialed free paid member yes true 1",
    "pending": "pending unconfirmed unactivated unverified",
    "unsubscribed": "unsubscribed unsubscribe left removed disabled blocklisted blocked inactive opted-out optout cancelled churned no false 0",
    "bounced": "bounced bounce cleaned undeliverable invalid",
    "complained": "complained complaint spam abuse spammy",
}
STANDINGS: dict[str, str] = {word: standing for standing, words in _WORDS.items() for word in words.split()}
"""What another system says of somebody -> Row.standing."""
NO = frozenset({"", "no", "false", "0", "never", "null", "none"})
"""What a cell holds where nothing happened."""


def recognised(header: list[str]) -> str:
    """The preset whose signs all stand in a header, the one with most signs; "" for none."""
    names = {name.strip().lower() for name in header}
    fitting = [key for key, preset in PRESETS.items() if preset.signs <= names]
    return max(fitting, key=lambda key: len(PRESETS[key].signs), default="")
