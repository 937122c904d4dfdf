import pytest
from support.dkim_verifiers import records_of

from syndication.delivery.signing.record import (
    BadDomain,
    checked_selector,
    possible_domains,
    public_half,
    record_name,
    record_strings,
    record_text,
    signing_domain,
    what_is_wrong,
    zone_line,
)


@pytest.fixture
def public(rsa_key):
    return public_half(rsa_key.private)


@pytest.fixture
def text(public):
    return record_text("rsa", public)


def test_an_rsa_record_is_cut_into_strings_that_dns_can_hold(text):
    strings = record_strings(text)
    assert "".join(strings) == text
    assert [len(string) <= 255 for string in strings] == [True, True]
    assert zone_line("r1._domainkey.a.example", text) == f'r1._domainkey.a.example. 3600 IN TXT ( "{strings[0]}" "{strings[1]}" )'


def test_an_ed25519_record_holds_the_bare_32_octets(ed25519_key):
    public = public_half(ed25519_key.private)
    assert len(public) == 44
    assert records_of([ed25519_key]) == {"e1._domainkey.news.example.org": f"v=DKIM1; k=ed25519; p={public}"}
    assert len(record_strings(record_text("ed25519", public))) == 1


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("news.example.org", "news.example.org"),
        (" News.Example.ORG. ", "news.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_domain_is_kept_in_the_letters_of_dns(typed, kept):
    assert signing_domain(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "localhost",
        "desk@example.org",
        "https://example.org",
        "a b.example",
        "127.0.0.1",
        "a..example",
        "-a.example",
        f"{'a' * 64}.example",
        "a." * 130 + "example",
        "a\r\nb.example",
    ],
)
def test_what_is_no_domain_is_refused(typed):
    with pytest.raises(BadDomain, match="is not a domain"):
        signing_domain(typed)


def test_a_selector_may_have_parts():
    assert checked_selector("S1.2026", "example.org") == "s1.2026"


@pytest.mark.parametrize("typed", ["", "a b", "ä", "-a", "a_b", "a" * 64, "a.", "a;", "a\r\nb"])
def test_what_is_no_selector_is_refused(typed):
    with pytest.raises(BadDomain, match="cannot be a selector"):
        checked_selector(typed, "example.org")


def test_a_name_too_long_for_dns_is_refused():
    with pytest.raises(BadDomain):
        checked_selector("s" * 60, ".".join(["a" * 60] * 4))


def test_a_parent_may_sign_for_its_child_but_no_top_level():
    assert possible_domains("a.news.example.org") == ["a.news.example.org", "news.example.org", "example.org"]
    assert possible_domains("example.org") == ["example.org"]


def test_our_own_record_is_right_however_it_is_spaced(text, public):
    assert what_is_wrong([text], "rsa", public) == ""
    assert what_is_wrong([text.replace("; ", " ;\t") + " ; n=a note;"], "rsa", public) == ""
    assert what_is_wrong([f"p={public[:100]} {public[100:]}"], "rsa", public) == ""
    assert what_is_wrong([f"v=DKIM1; h=sha1:sha256; s=email; t=s; p={public}"], "rsa", public) == ""


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (lambda _: "v=spf1 -all", "no DKIM key"),
        (lambda _: "x" * 5000, "no DKIM key"),
        (lambda text: text.replace("DKIM1", "DKIM2"), "v=DKIM1"),
        (lambda text: text.replace("k=rsa", "k=ed25519"), "this key is k=rsa"),
        (lambda text: text[:200], "cut after"),
        (lambda text: text.partition("p=")[0] + "p=", "revoked"),
        (lambda text: text.replace("p=MII", "p=NII"), "another key"),
        (lambda text: f"{text}; h=sha1", "forbids sha256"),
        (lambda text: f"{text}; s=tlsrpt", "forbids email"),
        (lambda text: f"{text}; t=y:s", "only tests"),
    ],
)
def test_what_is_wrong_with_a_record_is_said(text, public, changed, says):
    assert says in what_is_wrong([changed(text)], "rsa", public)
    assert len(what_is_wrong([changed(text)], "rsa", public)) < 300


def test_two_records_at_one_name_are_one_too_many(text, public):
    assert "2 TXT records" in what_is_wrong([text, "v=spf1 -all"], "rsa", public)


def test_a_name_is_made_of_selector_and_domain():
    assert record_name("s1", "example.org") == "s1._domainkey.example.org"
