"""Which limits a message meets."""

from syndication.delivery.limits.matching import Limit, Pace, Rules
from syndication.delivery.limits.rates import HOUR, SECOND, Rate

FAST, SLOW = Rate(20, SECOND), Rate(100, HOUR)


def keys(domain, *limits, sender="news.example.org", paces=(), additions=None):
    """The keys of the buckets that a message from `sender` to `domain` meets."""
    return {bucket.key for bucket in Rules(limits, paces, additions or {}).of(sender).buckets(domain)}


def test_without_limits_nothing_is_asked():
    assert keys("gmail.com") == set()
    assert Rules([], [], {}).of("news.example.org").is_empty


def test_a_providers_limit_covers_all_its_domains_with_one_bucket():
    gmail = Limit("*", "gmail", FAST)
    assert keys("gmail.com", gmail) == keys("googlemail.com", gmail) == {"limit|*|gmail|gmail"}
    assert keys("example.com", gmail) == set()


def test_a_domain_that_a_provider_serves_for_a_company_counts_as_the_provider():
    assert keys("company.example", Limit("*", "gmail", FAST), additions={"company.example": "gmail"}) == {"limit|*|gmail|gmail"}


def test_a_total_a_provider_and_a_domain_all_count():
    limits = [Limit("*", "*", SLOW), Limit("*", "gmail", FAST), Limit("*", "gmail.com", FAST)]
    assert keys("gmail.com", *limits) == {"limit|*|*|*", "limit|*|gmail|gmail", "limit|*|gmail.com|gmail.com"}
    assert keys("googlemail.com", *limits) == {"limit|*|*|*", "limit|*|gmail|gmail"}


def test_a_limit_of_one_sender_is_nothing_to_another():
    own = Limit("news.example.org", "gmail", FAST)
    assert keys("gmail.com", own) == {"limit|news.example.org|gmail|gmail"}
    assert keys("gmail.com", own, sender="other.example.org") == set()


def test_each_gives_every_provider_a_bucket_of_its_own():
    each = Limit("*", "each", FAST)
    assert keys("gmail.com", each) == keys("googlemail.com", each) == {"limit|*|each|gmail"}
    assert keys("example.com", each) == {"limit|*|each|example.com"}


def test_a_limit_by_name_takes_the_place_of_each():
    limits = [Limit("*", "each", SLOW), Limit("*", "gmail", FAST)]
    assert keys("gmail.com", *limits) == {"limit|*|gmail|gmail"}
    assert keys("example.com", *limits) == {"limit|*|each|example.com"}


def test_a_throttle_counts_beside_the_limits_and_leaves_other_providers_alone():
    pace, each = Pace("news.example.org", "gmail", 30.0), Limit("*", "each", SLOW)
    assert keys("gmail.com", each, paces=[pace]) == {"throttle|news.example.org|gmail", "limit|*|each|gmail"}
    assert keys("yahoo.com", paces=[pace]) == set()
    assert keys("gmail.com", paces=[pace], sender="other.example.org") == set()


def test_the_slowest_throttle_lets_one_message_through_at_a_time():
    (bucket,) = Rules([], [Pace("a.example", "gmail", 1.0, "421 4.7.28 slow")], {}).of("a.example").buckets("gmail.com")
    assert (bucket.burst, round(bucket.rate * 60, 6)) == (1.0, 1.0)
    assert "421 4.7.28 slow" in bucket.because


def test_the_reason_names_the_limit_for_staff():
    (bucket,) = Rules([Limit("*", "gmail", Rate(1000, HOUR))], [], {}).of("a.example").buckets("gmail.com")
    assert bucket.because == "the limit of 1,000 an hour for all mail to gmail"


def test_a_million_domains_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("syndication.delivery.limits.matching.MOST_REMEMBERED", 100)
    rules = Rules([Limit("*", "each", FAST)], [], {}).of("a.example")
    for number in range(1_000):
        rules.buckets(f"d{number}.example")
    assert len(rules._remembered) <= 100


def test_rules_read_twice_from_the_same_rows_are_known_as_the_same():
    limits = [Limit("*", "gmail", FAST)]
    assert Rules(limits, [], {}).says_the_same(Rules(list(limits), [], {}))
    assert not Rules(limits, [], {}).says_the_same(Rules([], [], {}))
