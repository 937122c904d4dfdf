"""Knows how long a subscription lasts: what was asked for, within bounds (WebSub 5.1: the hub decides, and no lease is perpetual)."""

from syndication.feeds.hub.errors import HubRefused

DAY = 24 * 60 * 60
USUAL_SECONDS = 10 * DAY
LONGEST_SECONDS = 30 * DAY
SHORTEST_SECONDS = 5 * 60
ABSURD_SECONDS = 366 * DAY
_MOST_DIGITS = 12


def granted_seconds(asked: str) -> int:
    """The lease for hub.lease_seconds as it stands in the form; empty: USUAL_SECONDS.

    Longer than LONGEST_SECONDS becomes that: the verification tells the subscriber. Raises HubRefused for what is no positive whole
    number, for less than SHORTEST_SECONDS, which is more asking than telling, and for more than a year, which is a slip.
    """
    if not asked:
        return USUAL_SECONDS
    if not (asked.isascii() and asked.isdigit()) or int(asked[:_MOST_DIGITS]) == 0:
        raise HubRefused("hub.lease_seconds must be a positive whole number of seconds, such as 864000; leave it out for ten days.")
    seconds = int(asked) if len(asked) <= _MOST_DIGITS else ABSURD_SECONDS + 1
    if not SHORTEST_SECONDS <= seconds <= ABSURD_SECONDS:
        raise HubRefused(
            f"hub.lease_seconds must be between {SHORTEST_SECONDS} and {ABSURD_SECONDS}; at most {LONGEST_SECONDS} are granted. "
            "Subscribe again before the lease ends."
        )
    return min(seconds, LONGEST_SECONDS)
