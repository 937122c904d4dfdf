"""Tells from a User-Agent which program polls, and for how many subscribers it says to do so."""

import re

LONGEST_AGENT = 256  # characters that are looked at
LONGEST_NAME = 40
NAMELESS, BROWSER, OTHER = "(no name)", "Web browser", "(others)"

# what stands in the header, in lower case -> the program; the first that fits counts, so that services stand before the libraries they use
_KNOWN = (
    ("feedly", "Feedly"), ("inoreader", "Inoreader"), ("newsblur", "NewsBlur"), ("feedbin", "Feedbin"), ("theoldreader", "The Old Reader"),
    ("freshrss", "FreshRSS"), ("miniflux", "Miniflux"), ("tiny tiny rss", "Tiny Tiny RSS"), ("bazqux", "BazQux"), ("commafeed", "CommaFeed"),
    ("feedhq", "FeedHQ"), ("feed wrangler", "Feed Wrangler"), ("netvibes", "Netvibes"), ("feedspot", "Feedspot"), ("nextcloud-news", "Nextcloud News"),
    ("yarr", "Yarr"), ("stringer", "Stringer"), ("selfoss", "selfoss"), ("lion reader", "Lion Reader"), ("readwise", "Readwise Reader"),
    ("netnewswire", "NetNewsWire"), ("reeder", "Reeder"), ("vienna", "Vienna"), ("newsboat", "Newsboat"), ("newsbeuter", "Newsbeuter"),
    ("liferea", "Liferea"), ("akregator", "Akregator"), ("quiterss", "QuiteRSS"), ("rssguard", "RSS Guard"), ("rss guard", "RSS Guard"),
    ("newsflash", "NewsFlash"), ("news_flash", "NewsFlash"), ("fluent reader", "Fluent Reader"), ("thunderbird", "Thunderbird"),
    ("rss2email", "rss2email"), ("feeder", "Feeder"), ("elfeed", "Elfeed"), ("feed2imap", "feed2imap"), ("antennapod", "AntennaPod"),
    ("overcast", "Overcast"), ("pocketcasts", "Pocket Casts"), ("pocket casts", "Pocket Casts"), ("podcastindex", "Podcast Index"),
    ("gpodder", "gPodder"), ("castro", "Castro"), ("spotify", "Spotify"), ("itms", "Apple Podcasts"), ("podcasts/", "Apple Podcasts"),
    ("ifttt", "IFTTT"), ("zapier", "Zapier"), ("blogtrottr", "Blogtrottr"), ("mailchimp", "Mailchimp"), ("slackbot", "Slack"),
    ("discordbot", "Discord"), ("mastodon", "Mastodon"), ("wordpress", "WordPress"), ("googlebot", "Googlebot"), ("bingbot", "Bingbot"),
    ("superfeedr", "Superfeedr"), ("feedvalidator", "W3C Feed Validator"), ("simplepie", "SimplePie"), ("python-reader", "reader"),
    ("universalfeedparser", "feedparser"), ("feedparser", "feedparser"), ("magpierss", "MagpieRSS"), ("rome", "ROME"),
    ("go-http-client", "Go"), ("python-requests", "Python"), ("python-urllib", "Python"), ("python-httpx", "Python"), ("aiohttp", "Python"),
    ("curl/", "curl"), ("wget", "Wget"), ("okhttp", "OkHttp"),
)  # fmt: skip
FAMILIES = frozenset(name for _, name in _KNOWN) | {NAMELESS, BROWSER, OTHER}

_READER = re.compile(r"python-reader|^reader/\d", re.IGNORECASE)
_PRODUCT = re.compile(r"[A-Za-z][\w.+-]*(?: [A-Z][\w+-]*)?", re.ASCII)  # RFC 9110 10.1.5, and the two words that some use
_COMPATIBLE = re.compile(r"compatible; ?\+?([A-Za-z][\w.-]{2,39})", re.ASCII)
_SUBSCRIBERS = re.compile(
    r"\b(\d{1,9}) ?(?:subscriber|reader|follower)s?\b|\b(?:subscribers|readers)[=:] ?(\d{1,9})\b", re.ASCII | re.IGNORECASE
)


def family(user_agent: str) -> str:
    """The name of the program behind a User-Agent: a known one, a browser, or what it calls itself, at most LONGEST_NAME characters."""
    text = user_agent[:LONGEST_AGENT].strip()
    if not text:
        return NAMELESS
    lower = text.lower()
    if _READER.search(text):
        return "reader"
    known = next((name for part, name in _KNOWN if part in lower), None)
    if known:
        return known
    if lower.startswith("mozilla/"):
        named = _COMPATIBLE.search(text)
        return named[1] if named and named[1].lower() != "msie" else BROWSER
    product = _PRODUCT.match(text)
    return product[0][:LONGEST_NAME] if product else NAMELESS


def subscribers(user_agent: str) -> int | None:
    """The number in "23 subscribers", as Feedly, Inoreader, NewsBlur, Feedbin, The Old Reader and others say it; None when nothing is said.

    It is what the program says: nobody can check it.
    """
    found = _SUBSCRIBERS.search(user_agent[:LONGEST_AGENT])
    return int(found[1] or found[2]) if found else None
