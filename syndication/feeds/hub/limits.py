"""Knows how many requests the hub takes, from whom and for whom."""

from syndication.audience.signup.limits import Counter, Question

HOUR = 60 * 60
NETWORK_AN_HOUR = 600
HOST_AN_HOUR = 1200
ALL_AN_HOUR = 30_000

MOST_SUBSCRIPTIONS, MOST_OF_A_HOST = 200_000, 10_000
MOST_WISHES, MOST_WISHES_OF_A_HOST = 20_000, 500


def question(network: str, host: str) -> Question:
    """What to count for one request; both are hashes, `network` empty when it is not known."""
    counters = (
        Counter("network", f"hub:network:{network}", NETWORK_AN_HOUR, HOUR),
        Counter("host", f"hub:host:{host}", HOST_AN_HOUR, HOUR),
        Counter("everything", "hub:everything", ALL_AN_HOUR, HOUR),
    )
    return Question(counters=counters if network else counters[1:], alarms=())
