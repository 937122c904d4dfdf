"""Tells what a subscriber agreed to, when, how and in which words: for the subscriber's page, and for "export my data"."""

from typing import TypedDict

from syndication.audience.models import ConsentRecord

DIGEST_SHOWN = 12  # hex digits of a wording's digest: enough to tell versions apart


class ConsentEvent(TypedDict):
    """One event of one subscription, ready for JSON. Times are ISO 8601 in UTC; what was not kept is empty.

    network          "ipv4" or "ipv6": the family of the address that it came from
    wording          the words that stood beside the form, and `wording_version`, by which two of them are told apart
    import_file      the file that brought the reader in
    """

    publication: str
    list: str
    list_name: str
    state: str
    how: str
    detail: str
    at: str
    network: str
    wording: str
    wording_version: str
    import_file: str


def history_of(subscriber_id: int) -> list[ConsentEvent]:
    """Every event of consent of one subscriber, the oldest first; empty for somebody unknown."""
    rows = ConsentRecord.objects.filter(subscription__subscriber_id=subscriber_id)
    return [_event(row) for row in rows.select_related("subscription__list__publication", "wording", "import_job").order_by("at", "pk")]


def _event(row: ConsentRecord) -> ConsentEvent:
    to = row.subscription.list
    return {
        "publication": to.publication.slug,
        "list": to.slug,
        "list_name": to.name,
        "state": row.state,
        "how": row.how,
        "detail": row.detail,
        "at": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "network": row.network,
        "wording": row.wording.text if row.wording else "",
        "wording_version": row.wording.digest[:DIGEST_SHOWN] if row.wording else "",
        "import_file": row.import_job.file_name if row.import_job else "",
    }
