"""What the hub knows without asking anybody: callbacks, leases, wishes, signatures, back-off, lanes, answers."""

import contextlib
import hashlib
import hmac
import ipaddress
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.feeds.hub import lanes as lanes_of
from syndication.feeds.hub import topics
from syndication.feeds.hub.backoff import LONGEST_REST, MOST_TRIES, SILENT_AFTER, next_try_at, rest_until
from syndication.feeds.hub.callbacks import checked, with_question
from syndication.feeds.hub.errors import HubRefused
from syndication.feeds.hub.lanes import AT_ONCE, SLOTS, SLOTS_FOR_SILENT, Lanes
from syndication.feeds.hub.leases import LONGEST_SECONDS, USUAL_SECONDS, granted_seconds
from syndication.feeds.hub.messages import BadAnswer, chunk_size, head_of_answer
from syndication.feeds.hub.signature import signature
from syndication.feeds.hub.wishes import FORM, Bounds, read_wish

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OWN = ("news.example.org", 443)
BOUNDS = Bounds(OWN, (), takes_secrets=True)
TOPIC = "https://news.example.org/feeds/field-notes/atom.xml"
CALLBACK = "https://reader.example.net/in?id=7"


def form(**fields):
    plain = {"mode": "subscribe", "topic": TOPIC, "callback": CALLBACK}
    return urlencode({f"hub.{name}": value for name, value in (plain | fields).items() if value is not None}).encode()


def wish(bounds=BOUNDS, **fields):
    return read_wish(FORM, form(**fields), bounds)


@pytest.mark.parametrize(
    "url",
    [
        "https://reader.example.net/in", "http://reader.example.net", "https://reader.example.net:8443/a?b=c&d", "http://93.184.215.14:8080/x",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/", "https://xn--bcher-kva.example/%E2%9C%93", "https://reader.example.net./in",
    ],
)  # fmt: skip
def test_a_callback_on_the_public_web_is_taken(url):
    assert checked(url, own=OWN, allowed=()).url == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://reader.example.net/", "http or https"),
        ("file:///etc/passwd", "http or https"),
        ("reader.example.net/in", "http or https"),
        ("https:///in", "http or https"),
        ("https://reader.example.net:0/", "http or https"),
        ("https://reader.example.net:99999/", "no URL"),
        ("https://[::1/", "no URL"),
        ("https://user:word@reader.example.net/", "user name or password"),
        ("https://@reader.example.net/", "user name or password"),
        ("https://reader.example.net/#part", "fragment"),
        ("https://reader.example.net/#", "fragment"),
        ("https://reader.example.net/a b", "ASCII"),
        ("https://reader.example.net/\r\nX: y", "ASCII"),
        ("https://bücher.example/", "ASCII"),
        ("https://reader.example.net\\@127.0.0.1/", "ASCII"),
        ("https://reader.example.net/" + "a" * 2000, "2000"),
        ("https://reader.example.net:25/", "port 25"),
        ("http://reader.example.net:22/", "port 22"),
        ("http://reader.example.net:6667/", "port 6667"),
        ("http://127.0.0.1/", "not a public address"),
        ("http://10.0.0.1:8000/", "not a public address"),
        ("http://169.254.169.254/latest/meta-data", "not a public address"),
        ("http://224.0.0.1/", "not a public address"),
        ("http://[::1]/", "not a public address"),
        ("http://[::ffff:127.0.0.1]/", "not a public address"),
        ("http://[64:ff9b::7f00:1]/", "not a public address"),
        ("http://[64:ff9b:1::7f00:1]/", "not a public address"),
        ("http://[fec0::1]/", "not a public address"),
        ("http://[fe80::1%25eth0]/", ""),
        ("http://2130706433/", "no host name"),
        ("http://0x7f.1/", "no host name"),
        ("http://127.1/", "no host name"),
        ("http://0177.0.0.1/", "no host name"),
        ("http://999.1.1.1/", "no IP address"),
        ("http://a..b/", "no host name"),
        ("http://-a.example/", "no host name"),
        ("http://localhost:8000/", "inside a network"),
        ("http://LOCALHOST./", "inside a network"),
        ("http://db.internal/", "inside a network"),
        ("https://news.example.org/hub", "this hub itself"),
        ("https://news.example.org:443/x", "this hub itself"),
    ],
)
def test_another_callback_is_refused_with_a_sentence(url, words):
    with pytest.raises(HubRefused) as caught:
        checked(url, own=OWN, allowed=())
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")


def test_an_allowed_network_is_taken_and_no_other():
    allowed = (ipaddress.ip_network("127.0.0.0/8"),)
    assert checked("http://127.0.0.1:8000/", own=OWN, allowed=allowed).port == 8000
    with pytest.raises(HubRefused):
        checked("http://10.0.0.1/", own=OWN, allowed=allowed)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_whatever_is_written_is_a_callback_or_refused(tail):
    for url in (tail, f"http://{tail}", f"https://reader.example.net/{tail}"):
        try:
            found = checked(url, own=OWN, allowed=())
        except HubRefused:
            continue
        assert "@" not in urlsplit(url).netloc
        assert found.host == urlsplit(url).hostname
        assert not found.target or found.target.startswith("/") or found.target.startswith("?")


@given(st.dictionaries(st.sampled_from(["hub.mode", "hub.challenge", "hub.topic"]), st.text(max_size=30), min_size=1))
def test_the_callbacks_own_query_is_kept_before_the_hubs(asked):
    for own in ("https://a.example/x", "https://a.example/x?", "https://a.example/x?id=1&hub.mode=own", "https://a.example/x?a=%20&"):
        found = with_question(own, asked)
        assert found.startswith(own)
        read = parse_qs(urlsplit(found).query, keep_blank_values=True)
        assert {name: values[-1] for name, values in read.items() if name in asked} == asked


@pytest.mark.parametrize(
    ("asked", "granted"),
    [("", USUAL_SECONDS), ("300", 300), ("86400", 86400), (str(LONGEST_SECONDS), LONGEST_SECONDS), ("31536000", LONGEST_SECONDS)],
)
def test_a_lease_is_what_was_asked_for_within_bounds(asked, granted):
    assert granted_seconds(asked) == granted


@pytest.mark.parametrize(
    "asked", ["0", "-1", "1", "299", "1.5", "soon", "٣٠٠", "1e9", "999999999", "9" * 500, " 300", "0000000000000000300"]
)
def test_a_lease_that_makes_no_sense_is_refused(asked):
    with pytest.raises(HubRefused):
        granted_seconds(asked)


@given(st.text(max_size=20))
def test_no_lease_is_for_ever(asked):
    with contextlib.suppress(HubRefused):
        assert 300 <= granted_seconds(asked) <= LONGEST_SECONDS


def test_a_wish_is_read():
    found = wish(secret="ünder", lease_seconds="600")
    assert (found.mode, found.topic_url, found.callback.url, found.secret, found.lease_seconds) == (
        "subscribe",
        TOPIC,
        CALLBACK,
        "ünder",
        600,
    )
    assert wish(mode="unsubscribe", lease_seconds="1").lease_seconds == 0
    assert found.key == wish(mode="unsubscribe").key != wish(callback=f"{CALLBACK}1").key


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"mode": None}, 400),
        ({"mode": "list"}, 400),
        ({"mode": "publish"}, 400),
        ({"topic": None}, 400),
        ({"topic": ""}, 400),
        ({"callback": None}, 400),
        ({"topic": "x" * 2000}, 404),
        ({"secret": "x" * 200}, 400),
        ({"secret": "ü" * 100}, 400),
        ({"secret": "a\0b"}, 400),
        ({"lease_seconds": "ten"}, 400),
    ],
)
def test_another_wish_is_refused(fields, status):
    with pytest.raises(HubRefused) as caught:
        wish(**fields)
    assert caught.value.status == status


def test_a_secret_of_199_bytes_is_taken():
    assert len(wish(secret="x" * 199).secret) == 199


def test_a_secret_that_came_in_clear_is_refused_and_a_wish_without_one_is_not():
    in_clear = Bounds(OWN, (), takes_secrets=False)
    assert wish(in_clear).secret == ""
    with pytest.raises(HubRefused, match="https"):
        wish(in_clear, secret="seen")


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("", form(), 415),
        (FORM, form(secret="x" * 20_000), 413),
        (FORM, form() + b"&hub.mode=subscribe", 400),
        (FORM, b"hub.mode=%ff", 400),
        (FORM, "hub.mode=ü".encode(), 400),
        (FORM, b"&".join([b"a=b"] * 60), 400),
        (FORM, b"", 400),
    ],
)
def test_what_is_no_form_is_refused(content_type, body, status):
    with pytest.raises(HubRefused) as caught:
        read_wish(content_type, body, BOUNDS)
    assert caught.value.status == status


@given(st.binary(max_size=200))
def test_any_bytes_are_a_wish_or_refused(body):
    with pytest.raises(HubRefused):
        read_wish(f"{FORM}; charset=utf-8", body, BOUNDS)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50), st.binary(max_size=500))
def test_a_signature_is_what_a_subscriber_works_out(secret, body):
    method, _, digits = signature(secret, body).partition("=")
    assert method == "sha256"
    assert digits == hmac.new(secret.encode("utf-8"), body, hashlib.sha256).hexdigest()


@given(st.integers(1, MOST_TRIES + 3), st.floats(0, 1), st.integers(0, 10**9))
def test_tries_come_at_growing_distances_and_end(tries, chance, asked):
    found = next_try_at(NOON, tries=tries, chance=chance, asked_wait_seconds=asked)
    if tries >= MOST_TRIES:
        assert found is None
        return
    wait = min(30 * 4 ** (tries - 1), 6 * 3600)
    assert timedelta(seconds=0.8 * wait - 1) <= found - NOON <= timedelta(seconds=max(1.2 * wait, min(asked, 6 * 3600)) + 1)
    assert asked > 6 * 3600 or found - NOON >= timedelta(seconds=asked)


def test_a_host_rests_longer_each_time_and_never_for_ever():
    assert rest_until(NOON, failures=SILENT_AFTER - 1) is None
    rests = [rest_until(NOON, failures=SILENT_AFTER + more) - NOON for more in (0, 1, 2, 50, 10_000)]
    assert rests == sorted(rests)
    assert rests[-1] == LONGEST_REST


def test_a_host_that_has_not_answered_gets_one_at_a_time_and_one_that_answers_more():
    lanes = Lanes({})
    assert [lanes.begin("a", 0.0), lanes.begin("a", 0.0), lanes.begin("b", 0.0)] == [True, False, True]
    assert lanes.closed(0.0) == {"a", "b"}
    lanes.end("a", began=0.0, now=0.1, has_answered=True)
    assert [lanes.begin("a", 0.1) for _ in range(AT_ONCE + 1)] == [True] * AT_ONCE + [False]


def test_a_host_gets_so_many_a_second_and_no_more():
    lanes, sent = Lanes({}), 0
    for tick in range(10_000):
        while lanes.begin("a", tick / 1000):
            sent += 1
            lanes.end("a", began=tick / 1000, now=tick / 1000, has_answered=True)
    assert abs(sent - 11 * lanes_of.A_SECOND) <= 2  # ten seconds' worth and the first burst


def test_silent_hosts_never_get_all_slots():
    lanes = Lanes({f"silent-{number}": 1 for number in range(500)})
    begun = sum(lanes.begin(f"silent-{number}", 0.0) for number in range(500))
    assert begun == SLOTS_FOR_SILENT
    assert "silent-499" in lanes.closed(0.0)
    assert sum(lanes.begin(f"well-{number}", 0.0) for number in range(500)) == SLOTS - SLOTS_FOR_SILENT


def test_what_fails_together_counts_once():
    lanes = Lanes({})
    lanes.begin("a", 0.0)
    lanes.end("a", began=0.0, now=0.5, has_answered=True)
    for _ in range(AT_ONCE):
        lanes.begin("a", 1.0)
    assert [lanes.end("a", began=1.0, now=2.0 + late, has_answered=False) for late in range(AT_ONCE)][-1][1] == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 0.1)), max_size=200))
def test_lanes_count_what_is_on_the_way_whatever_happens(steps):
    lanes, on_the_way, now = Lanes({"c": 3}), [], 0.0
    for host, has_answered, pause in steps:
        now += pause
        if lanes.begin(host, now):
            on_the_way.append((host, now))
        elif on_the_way:
            name, began = on_the_way.pop(0)
            lanes.end(name, began=began, now=now, has_answered=has_answered)
        assert lanes.on_the_way == len(on_the_way) <= SLOTS
        assert lanes.closed(now) <= {"a", "b", "c"}


@pytest.mark.parametrize("head", [b"", b"SSH-2.0\r\n\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 999 x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"])  # fmt: skip
def test_a_head_that_is_none_is_refused(head):
    with pytest.raises(BadAnswer):
        head_of_answer(head)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_head_and_a_chunk_or_refused(junk):
    for read in (lambda: head_of_answer(b"HTTP/1.1 200 OK\r\n" + junk + b"\r\n\r\n"), lambda: chunk_size(junk)):
        with contextlib.suppress(BadAnswer):
            read()


def test_a_topic_is_a_folder_and_a_document_of_ours():
    def parsed(url):
        return topics.parsed(url, base_url="https://news.example.org", file_names={"atom.xml"})

    assert parsed(TOPIC) == ("field-notes", "atom.xml")
    assert parsed("https://news.example.org/feeds/field-notes/tags/w%C3%A4lder/atom.xml") == ("field-notes/tags/wälder", "atom.xml")
    for url in (
        "https://elsewhere.example/feeds/field-notes/atom.xml", "http://news.example.org/feeds/field-notes/atom.xml", f"{TOPIC}?x", f"{TOPIC}#x",
        "https://news.example.org/feeds/field-notes/archive/1/atom.xml", "https://news.example.org/feeds/../atom.xml/atom.xml/x",
        "https://news.example.org/feeds/%ff/atom.xml", "https://news.example.org/feeds/atom.xml", "https://news.example.org/f/token/atom.xml",
    ):  # fmt: skip
        assert parsed(url) is None
