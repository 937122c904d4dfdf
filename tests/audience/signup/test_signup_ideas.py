"""The ideas behind a sign-up: its words, its stamp, the sum under attack, and where a request comes from."""

import hashlib
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.audience.naming import joined
from syndication.audience.signup import network, proof_of_work, stamp
from syndication.audience.signup.stamp import Stamp, Step, Trouble
from syndication.audience.signup.wording import digest_start, words

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NOW = 1_800_000_000_000  # milliseconds
TRUSTED = tuple(map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "::1")))


def trouble(made, *, age_seconds, publication_id=3, address="ada@example.org", **more):
    return stamp.trouble(made, publication_id=publication_id, address=address, now=NOW + int(age_seconds * 1000), **more)


# ---------------------------------------------------------------- stamps
@given(st.integers(1, 2**62), st.integers(0, 2**45), st.integers(0, 2**64 - 1), st.sampled_from(Step), st.integers(0, 2**48 - 1))
def test_a_stamp_reads_back_as_it_was_made(publication, made_at, wording, step, mark):
    made = Stamp(publication, made_at, wording, step, mark)
    assert stamp.read(stamp.make(made, KEY), KEY) == made


@given(st.text(max_size=200))
def test_no_text_that_we_did_not_make_is_a_stamp(text):
    assert stamp.read(text, KEY) is None


def test_a_stamp_of_another_key_or_changed_anywhere_is_none():
    made = stamp.make(Stamp(3, NOW, 7), KEY)
    assert stamp.read(made, OTHER_KEY) is None
    for at in range(len(made)):
        assert stamp.read(made[:at] + ("0" if made[at] != "0" else "1") + made[at + 1 :], KEY) is None


@pytest.mark.parametrize(
    ("age", "found"),
    [(-1, Trouble.TOO_QUICK), (0, Trouble.TOO_QUICK), (1.999, Trouble.TOO_QUICK), (2, None), (86_400, None), (86_401, Trouble.TOO_OLD)],
)
def test_a_form_is_good_from_two_seconds_to_a_day(age, found):
    assert trouble(Stamp(3, NOW, 7), age_seconds=age) is found


def test_a_missing_stamp_or_that_of_another_publication_is_missing():
    assert trouble(None, age_seconds=5) is Trouble.MISSING
    assert trouble(Stamp(4, NOW, 7), age_seconds=5) is Trouble.MISSING


def test_the_second_page_needs_no_wait_for_its_own_address_and_the_usual_wait_for_another():
    again = Stamp(3, NOW, 7, Step.AGAIN, stamp.address_mark("ada@example.org"))
    assert trouble(again, age_seconds=0) is None
    assert trouble(again, age_seconds=0, address="bo@example.org") is Trouble.TOO_QUICK
    assert trouble(again, age_seconds=3, address="bo@example.org") is None


def test_the_page_to_wait_on_takes_a_minute_or_its_sum_and_serves_one_address():
    wait = Stamp(3, NOW, 7, Step.WAIT, stamp.address_mark("ada@example.org"))
    assert trouble(wait, age_seconds=59) is Trouble.TOO_QUICK
    assert trouble(wait, age_seconds=60) is None
    assert trouble(wait, age_seconds=1, is_proved=True) is None
    assert trouble(wait, age_seconds=61, address="bo@example.org") is Trouble.MISSING


# ---------------------------------------------------------------- words
def test_the_words_hold_who_writes_what_is_offered_and_what_is_promised():
    shown = words("Field Notes", "1 Lane End\nTown", [("Weekly", "Each  Friday"), ("Daily", "")])
    assert shown.text.splitlines()[:4] == [
        "Subscribe to Field Notes",
        "You will hear from Field Notes · 1 Lane End · Town.",
        "- Weekly: Each Friday",
        "- Daily",
    ]
    assert shown.digest == hashlib.sha256(shown.text.encode()).hexdigest()
    assert shown.digest.startswith(digest_start(shown.mark))


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=4), st.text(max_size=20))
def test_other_lists_or_another_name_are_another_version(offers, name):
    assert words("A", "", [("x", "")]).digest != words("A", "", [("x", "y")]).digest
    shown = words(name, "", offers)
    assert words(name, "", offers).digest == shown.digest
    assert len(shown.text.splitlines()) >= 3


def test_several_lists_are_said_in_one_phrase_and_many_are_counted():
    assert [joined(["A", "B", "C", "D"][:n]) for n in range(1, 5)] == ["A", "A and B", "A, B and C", "4 newsletters"]


# ---------------------------------------------------------------- work
def test_a_solved_sum_counts_for_its_publication_until_it_ends():
    asked = proof_of_work.challenge(3, now=1000, salt=5, key=KEY)
    answer = proof_of_work.solve(asked)

    def counts(challenge=asked, given=answer, *, publication=3, now=1000, key=KEY):
        return proof_of_work.is_solved(challenge, given, publication_id=publication, now=now, key=key)

    assert counts()
    assert counts(now=1000 + proof_of_work.VALID_SECONDS)
    assert not counts(now=1001 + proof_of_work.VALID_SECONDS)
    assert not counts(publication=4)
    assert not counts(key=OTHER_KEY)
    assert not counts(given=answer + " ")
    assert not counts(given="٣")
    assert not counts(challenge=asked[:-1] + "f")


@given(st.binary(min_size=32, max_size=32))
def test_zero_bits_are_counted_from_the_front(digest):
    bits = "".join(f"{byte:08b}" for byte in digest)
    assert proof_of_work.zero_bits(digest) == len(bits) - len(bits.lstrip("0"))


# ---------------------------------------------------------------- networks
@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # a stranger may write what he likes
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"),  # only what our proxy has added
        ("127.0.0.1", "198.51.100.1, 10.1.2.3", "198.51.100.1"),  # two proxies of ours
        ("127.0.0.1", "", None),
        ("127.0.0.1", "unknown", None),
        ("127.0.0.1", "198.51.100.1, rubbish", None),
        ("", "198.51.100.1", None),
        ("::1", "[2001:db8::7]:443", "2001:db8::7"),
        ("127.0.0.1", "198.51.100.1:5555", "198.51.100.1"),
        ("::ffff:127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("fe80::1%eth0", "", "fe80::1"),
    ],
)
def test_who_asks_is_the_first_address_from_the_right_that_is_no_proxy_of_ours(remote, forwarded, expected):
    found = network.client_address(remote, forwarded, TRUSTED)
    assert (None if found is None else str(found)) == expected


def test_without_trusted_proxies_the_header_means_nothing():
    assert str(network.client_address("127.0.0.1", "198.51.100.1", ())) == "127.0.0.1"


@given(st.text(max_size=80), st.text(max_size=200))
def test_any_header_gives_an_address_or_none(remote, forwarded):
    network.client_address(remote, forwarded, TRUSTED)
    network.client_address("127.0.0.1", forwarded, TRUSTED)


@pytest.mark.parametrize(
    ("address", "expected", "family"),
    [("203.0.113.77", "203.0.113.0/24", "ipv4"), ("2001:db8:0:12ab::1", "2001:db8:0:1200::/56", "ipv6")],
)
def test_a_network_is_what_one_household_has(address, expected, family):
    found = network.parsed(address)
    assert (network.network_of(found), network.family_of(found)) == (expected, family)
    assert (network.network_of(None), network.family_of(None)) == ("", "")
