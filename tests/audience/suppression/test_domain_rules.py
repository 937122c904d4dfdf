import pytest
from support.publications import make_publication

from syndication.audience.models import DomainRule
from syndication.audience.suppression.domain_names import NotADomain, enclosing, normalise_domain
from syndication.audience.suppression.domain_rules import is_blocked, put, put_lines, refused_among, rules_of, take_back, why_blocked
from syndication.errors import BadInput, NotFound

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def publication():
    return make_publication()


@pytest.mark.parametrize(
    ("typed", "known_as"),
    [
        ("example.org", "example.org"),
        (" @Example.ORG. ", "example.org"),
        ("*.example.org", "example.org"),
        ("xn--mnchen-3ya.example", "münchen.example"),
        ("MÜNCHEN.example", "münchen.example"),
        ("org", "org"),
        ("ex\u200bample.org", "example.org"),
    ],
)
def test_a_domain_has_one_spelling(typed, known_as):
    assert normalise_domain(typed) == known_as


@pytest.mark.parametrize("typed", ["", " ", "a b", "ada@example.org", "x" * 300, "-a.example", "a..b", "\0", "<b>"])
def test_what_is_no_domain_is_refused(typed):
    with pytest.raises(NotADomain):
        normalise_domain(typed)


def test_a_domain_lies_in_its_parents():
    assert enclosing("a.b.example") == ["a.b.example", "b.example", "example"]


def test_a_blocked_domain_blocks_its_subdomains_and_nothing_that_only_looks_like_it(publication):
    put("trash.example", kind="block")
    assert [is_blocked(f"a@{domain}", publication.pk) for domain in ("trash.example", "m.trash.example", "notrash.example")] == [
        True,
        True,
        False,
    ]
    assert why_blocked("a@m.trash.example", publication.pk) == "the domain trash.example is blocked"


def test_a_rule_of_one_publication_is_no_other_ones(publication):
    put("trash.example", kind="block", publication=publication)
    assert not is_blocked("a@trash.example", make_publication("other").pk)


def test_allowed_domains_leave_out_all_others_and_block_wins(publication):
    put("school.example", kind="allow", publication=publication)
    put("old.school.example", kind="block")
    found = refused_among(["a@school.example", "b@new.school.example", "c@old.school.example", "d@example.org"], publication.pk)
    assert found == {
        "c@old.school.example": "the domain old.school.example is blocked",
        "d@example.org": "the domain example.org is not among those that are allowed",
    }


def test_one_and_many_and_all_rules_at_once_agree(publication):
    put("trash.example", kind="block")
    put("school.example", kind="allow", publication=publication)
    addresses = [f"a@{domain}" for domain in ("trash.example", "x.school.example", "example.org", "trash.example.org")]
    rules = rules_of(publication.pk)
    assert {one: rules.why_not(one) for one in addresses if rules.why_not(one)} == refused_among(addresses, publication.pk)


def test_thousands_of_addresses_are_asked_about_in_groups(publication):
    put("d1999.example", kind="block")
    assert list(refused_among([f"a@d{number}.example" for number in range(2000)], publication.pk)) == ["a@d1999.example"]


def test_without_rules_one_question_is_asked(publication, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert refused_among([f"a@d{number}.example" for number in range(2000)], publication.pk) == {}


def test_a_domain_has_one_rule_and_the_newer_word_counts(publication):
    assert put("example.org", kind="block")[1]
    assert not put("Example.org", kind="block")[1]
    assert put("example.org", kind="allow", detail="our own")[1]
    assert DomainRule.objects.get().kind == "allow"


def test_an_unknown_kind_is_refused():
    with pytest.raises(BadInput, match="block, allow"):
        put("example.org", kind="deny")


def test_a_rule_is_taken_back_once(publication):
    put("example.org", kind="block")
    take_back("EXAMPLE.org")
    assert not is_blocked("a@example.org", publication.pk)
    with pytest.raises(NotFound, match="no rule"):
        take_back("example.org")


def test_a_file_of_domains_names_the_lines_that_are_none():
    taken = put_lines(["one.example\n", "# a remark\n", "\n", "not a domain\n", "one.example # again\n"], kind="block")
    assert (taken.new, taken.unchanged) == (1, 1)
    assert [one["line"] for one in taken.refused] == [4]
