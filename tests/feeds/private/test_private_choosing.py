"""What a private feed holds, and under which date."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from syndication.feeds.private.choosing import STILL_NEW, Candidate, choose, fingerprint

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def candidate(pk=1, **said):
    return Candidate(
        **{"pk": pk, "uid": f"{pk:032x}", "is_public": True, "has_page": True, "published_at": NOON, "is_taken_back": False, "seen": ""}
        | said
    )


def dates(candidates, mailed=None, *, most=20, now=NOON + 30 * DAY):
    return [(one.candidate.pk, one.at) for one in choose(candidates, mailed or {}, most=most, now=now)]


def test_public_articles_stand_in_it_by_their_date():
    assert dates([candidate(1), candidate(2, published_at=NOON + DAY)]) == [(2, NOON + DAY), (1, NOON)]


def test_an_article_for_mail_only_stands_in_it_once_it_was_mailed_to_one_of_the_lists():
    hidden = candidate(is_public=False, has_page=False)
    assert dates([hidden]) == []
    assert dates([hidden], {1: NOON + DAY}) == [(1, NOON)]


def test_nothing_of_the_future_stands_in_it():
    assert dates([candidate(published_at=NOON + 60 * DAY)]) == []
    assert dates([candidate(is_public=False)], {1: NOON + 60 * DAY}) == []


def test_a_draft_that_was_mailed_has_the_date_of_the_mail_and_keeps_it_when_it_is_published():
    draft = candidate(is_public=False, has_page=False, published_at=None)
    assert dates([draft], {1: NOON}) == dates([candidate(published_at=NOON + DAY)], {1: NOON}) == [(1, NOON)]


def test_what_was_taken_back_is_gone_from_it_though_it_was_mailed():
    assert dates([candidate(is_public=False, is_taken_back=True)], {1: NOON}) == []


def test_mailing_a_published_article_does_not_move_its_entry():
    assert dates([candidate()], {1: NOON + 10 * DAY}) == [(1, NOON)]


def test_an_article_from_the_cellar_that_is_mailed_now_comes_as_new():
    mailed_at = NOON + STILL_NEW + DAY
    assert dates([candidate()], {1: mailed_at}, now=mailed_at + DAY) == [(1, mailed_at)]


ANY_CANDIDATE = st.builds(
    candidate,
    pk=st.integers(1, 40),
    is_public=st.booleans(),
    has_page=st.booleans(),
    published_at=st.none() | st.integers(-200, 200).map(lambda days: NOON + days * DAY),
    is_taken_back=st.booleans(),
)
MANY = st.lists(ANY_CANDIDATE, unique_by=lambda one: one.pk)
MAILED = st.dictionaries(st.integers(1, 40), st.integers(-200, 200).map(lambda days: NOON + days * DAY))


@given(candidates=MANY, mailed=MAILED, order=st.randoms(), most=st.integers(1, 50))
def test_the_choice_is_bounded_ordered_never_of_the_future_and_free_of_the_order_of_its_input(candidates, mailed, order, most):
    found = choose(candidates, mailed, most=most, now=NOON)
    assert len(found) <= most
    assert all(one.at <= NOON for one in found)
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    assert all(one.candidate.is_public or one.candidate.pk in mailed for one in found)
    mixed = list(candidates)
    order.shuffle(mixed)
    assert choose(mixed, mailed, most=most, now=NOON) == found


def test_a_fingerprint_tells_every_change_of_an_entry_and_of_what_is_around():
    kinds = [{}, {"seen": "x"}, {"has_page": False}, {"published_at": NOON + DAY}, {"pk": 2, "uid": "2"}]
    prints = {fingerprint(choose([candidate(**said)], {}, most=9, now=NOON + 9 * DAY), around="") for said in kinds}
    assert len(prints) == len(kinds)
    assert fingerprint([], around="a") != fingerprint([], around="b")
