"""What the world sees of our keys, asked of a real DNS server on loopback."""

from datetime import UTC, datetime

import pytest
from support.txt_server import SERVER_FAILURE, deaf_port, txt_server

from syndication.delivery.signing import rotate
from syndication.delivery.signing.check import check
from syndication.delivery.signing.lookup import resolver_at, txt_records
from syndication.delivery.signing.record import record_name, record_strings, record_text
from syndication.errors import BadInput, NotFound, Unreachable

TODAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def published(*rows):
    """The records of these keys as they should be."""
    return {record_name(row.selector, row.domain): [record_strings(record_text(row.algorithm, row.public_key))] for row in rows}


def checked(records, domain="example.org"):
    with txt_server(records) as server:
        return check(domain, resolver_at(server.address), now=TODAY)


def made(*algorithms, domain="example.org"):
    return rotate.make_keys(domain, list(algorithms) or ["ed25519"], selector="", now=TODAY)


# ---------------------------------------------------------------- asking


def test_strings_of_a_record_are_joined_and_other_names_are_empty():
    with txt_server({"a.example": [["v=DKIM1; p=" + "x" * 200, "y" * 250]], "two.example": [["1"], ["2"]]}) as server:
        resolver = resolver_at(server.address)
        assert txt_records("a.example", resolver) == ["v=DKIM1; p=" + "x" * 200 + "y" * 250]
        assert sorted(txt_records("two.example", resolver)) == ["1", "2"]
        assert txt_records("b.example", resolver) == []


def test_a_server_that_fails_or_is_away_is_no_answer():
    with txt_server({"a.example": SERVER_FAILURE}) as server, pytest.raises(Unreachable, match=r"a\.example"):
        txt_records("a.example", resolver_at(server.address))
    with deaf_port() as address:
        resolver = resolver_at(address)
        resolver.lifetime = 0.2
        with pytest.raises(Unreachable, match="Try again later"):
            txt_records("a.example", resolver)


@pytest.mark.parametrize("address", ["1.1.1.1", "1.1.1.1:5353", "[::1]:53", "::1", "[2606:4700::1111]"])
def test_a_dns_server_is_named_by_its_address(address):
    assert resolver_at(address).nameservers


@pytest.mark.parametrize(
    "address", ["dns.example", "1.1.1", "1.1.1.1:x", "1.1.1.1:0", "1.1.1.1:70000", "[dns.example]", "1.1.1.1:53:53", ":53"]
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(BadInput, match="--resolver"):
        resolver_at(address)


# ---------------------------------------------------------------- checking


@pytest.mark.django_db
@pytest.mark.database
class TestCheck:
    """`check` with a server that knows just these records."""

    def test_published_keys_are_put_in_use(self):
        rows = made("rsa", "ed25519")
        found = checked(published(*rows))
        assert [(one.verdict, one.is_taken, one.key.state) for one in found] == [("published", True, "in use")] * 2
        again = checked(published(*rows))
        assert [(one.verdict, one.is_taken) for one in again] == [("published", False)] * 2

    def test_each_key_waits_for_its_own_record(self):
        rsa, ed25519 = made("rsa", "ed25519")
        found = checked(published(rsa))
        assert [(one.key.selector, one.verdict, one.key.state) for one in found] == [
            (rsa.selector, "published", "in use"),
            (ed25519.selector, "missing", "waiting"),
        ]

    def test_a_new_key_takes_the_place_of_the_old_one_once_it_is_seen(self):
        (old,) = made()
        checked(published(old))
        (new,) = made()
        assert [one.key.state for one in checked(published(old))] == ["in use", "waiting"]
        (only,) = checked(published(old, new))
        assert (only.key.selector, only.replaced.selector) == (new.selector, old.selector)
        assert [row.state for row in rotate.keys_of("example.org")] == ["retired", "in use"]

    def test_of_two_new_keys_the_newest_is_taken_and_an_older_one_never(self):
        (first,), (second,) = made(), made()
        found = checked(published(first, second))
        assert [(one.key.selector, one.key.state) for one in found] == [(first.selector, "waiting"), (second.selector, "in use")]
        assert [one.is_taken for one in checked(published(first, second))] == [False, False]

    def test_a_key_in_use_stays_so_when_its_record_is_gone(self):
        rows = made()
        checked(published(*rows))
        assert [(one.verdict, one.key.state) for one in checked({})] == [("missing", "in use")]

    def test_a_wrong_record_is_explained_and_not_used(self):
        (row,) = made()
        (one,) = checked({record_name(row.selector, "example.org"): [["v=DKIM1; k=ed25519; p=AAAA"]]})
        assert (one.verdict, one.key.state) == ("wrong", "waiting")
        assert "another key" in one.detail

    def test_a_name_to_which_the_form_added_the_domain_is_recognised(self):
        (row,) = made()
        name = record_name(row.selector, "example.org")
        (one,) = checked({f"{name}.example.org": [["v=DKIM1; p=x"]]})
        assert one.verdict == "missing"
        assert f"stands at {name}.example.org" in one.detail

    def test_a_dns_server_that_is_away_changes_nothing(self):
        (row,) = made()
        (one,) = checked({record_name(row.selector, "example.org"): SERVER_FAILURE})
        assert (one.verdict, one.key.state) == ("unreachable", "waiting")

    def test_a_key_that_cannot_be_opened_is_not_taken(self, settings):
        rows = made()
        settings.SECRET_KEY = "another secret key of thirty-two letters"
        assert [(one.verdict, one.key.state) for one in checked(published(*rows))] == [("locked", "waiting")]

    def test_retired_keys_are_not_looked_up(self):
        (row,) = made()
        rotate.retire(row, now=TODAY)
        assert checked({}) == []

    def test_a_domain_without_keys_is_told_how_to_get_one(self):
        with pytest.raises(NotFound, match=r"syndication dkim new example\.org"):
            checked({})

    def test_an_international_domain_is_asked_for_in_the_letters_of_dns(self):
        rows = made(domain="bücher.example")
        with txt_server(published(*rows)) as server:
            (one,) = check("Bücher.example", resolver_at(server.address), now=TODAY)
        assert one.verdict == "published"
        assert server.asked == ["s20261124e._domainkey.xn--bcher-kva.example"]
