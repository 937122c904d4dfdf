"""Programs are known by their User-Agent, and so is the number of people they say to poll for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.feeds.polls.agents import BROWSER, LONGEST_NAME, NAMELESS, family, subscribers


@pytest.mark.parametrize(
    ("agent", "name", "count"),
    [
        ("Feedly/1.0 (+http://www.feedly.com/fetcher.html; 131 subscribers; like FeedFetcher-Google)", "Feedly", 131),
        ("Mozilla/5.0 (compatible; inoreader.com; 1 subscribers)", "Inoreader", 1),
        ("Mozilla/5.0 (compatible; theoldreader.com; 2 subscribers; feed-id=ab12)", "The Old Reader", 2),
        ("NewsBlur Feed Fetcher - 42 subscribers - https://www.newsblur.com/site/1/x (Mozilla/5.0 …)", "NewsBlur", 42),
        ("Feedbin feed-id:1007 - 5 subscribers", "Feedbin", 5),
        ("Netvibes (http://www.netvibes.com/; 3 subscribers; feedId: 2)", "Netvibes", 3),
        ("LionReader/1.0 (1 subscriber)", "LionReader", 1),
        ("FreshRSS/1.24.3 (Linux; https://freshrss.org)", "FreshRSS", None),
        ("Mozilla/5.0 (compatible; Miniflux/2.2.1; +https://miniflux.app)", "Miniflux", None),
        ("NetNewsWire (RSS Reader; https://netnewswire.com/)", "NetNewsWire", None),
        ("Newsboat/2.21.0 (Linux x86_64)", "Newsboat", None),
        ("rss2email/3.13.1 (https://github.com/rss2email/rss2email)", "rss2email", None),
        ("python-reader/3.26 (+https://github.com/lemon24/reader)", "reader", None),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", BROWSER, None),
        ("Mozilla/5.0 (compatible; SomeBot/1.0; +https://some.example/bot)", "SomeBot", None),
        ("Own-Program/0.1 (mine)", "Own-Program", None),
        ("", NAMELESS, None),
        ("   ", NAMELESS, None),
        ("(((", NAMELESS, None),
        ("Feedly/1.0 (9999999999999999 subscribers)", "Feedly", None),
        ("x" * 10_000 + " 5 subscribers", "x" * LONGEST_NAME, None),
    ],
)
def test_each_program_is_known(agent, name, count):
    assert (family(agent), subscribers(agent)) == (name, count)


@given(st.text())
def test_no_agent_breaks_it_and_no_name_is_too_long(agent):
    assert 0 < len(family(agent)) <= LONGEST_NAME
    assert (subscribers(agent) or 0) < 10**9
