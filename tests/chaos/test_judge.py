"""A judge that cannot find a fault is worth nothing: each promise is broken once."""

from dataclasses import replace

import pytest
from support.faults import Event

from chaos.judge import Expect, Row, judge

ADDRESSES = [f"r{number}@example.org" for number in range(4)]
READERS = frozenset(ADDRESSES)


def taken(number, **more):
    plain = {"code": 250, "at": 10.0 + number, "started": 9.9 + number, "peer": 1000, "to": ADDRESSES[number], "dear": (f"Reader{number}",)}
    plain |= {"message_id": f"<{number}@example.org>", "date": "Mon, 1 Nov 2027 10:00:00 +0000", "sha256": f"hash {number}"}
    return Event("taken", ADDRESSES[number], "dot", **(plain | more))


def refused(number, code, *, at):
    return Event("refused", ADDRESSES[number], "RCPT", at=at, peer=1000, code=code)


def delivered(number):
    return Row(ADDRESSES[number], "delivered", 1, 250, "taken")


EVENTS = [taken(number) for number in range(4)]
ROWS = [delivered(number) for number in range(4)]


def broken(events=EVENTS, rows=ROWS, **expect):
    """What the judge says, in one text."""
    return "\n".join(judge(events, rows, Expect(READERS, **expect)).broken)


def test_an_honest_run_breaks_nothing_and_is_counted():
    verdict = judge(EVENTS, ROWS, Expect(READERS))
    assert verdict.broken == []
    assert (verdict.audience, verdict.taken, verdict.lost, verdict.duplicates, verdict.held) == (4, 4, 0, 0, 0)


def test_a_message_that_the_ledger_says_was_delivered_and_nobody_took_is_lost():
    verdict = judge(EVENTS[1:], ROWS, Expect(READERS))
    assert verdict.lost == 1
    assert "delivered in the ledger, never taken by the sink: r0@example.org" in verdict.broken[0]


@pytest.mark.parametrize("state", ["planned", "claimed", "transmitting", "deferred", "in_doubt"])
def test_a_row_that_never_became_final_is_lost(state):
    verdict = judge(EVENTS[1:], [Row(ADDRESSES[0], state), *ROWS[1:]], Expect(READERS))
    assert verdict.lost == 1
    assert "never became final" in verdict.broken[0]


def test_a_reader_without_a_row_is_lost():
    assert "readers without a row: r0@example.org" in broken(EVENTS[1:], ROWS[1:])


def test_a_second_copy_needs_an_explanation():
    verdict = judge([*EVENTS, taken(0, at=90.0)], ROWS, Expect(READERS))
    assert verdict.duplicates == 1
    assert "taken twice" in verdict.broken[0]
    assert broken([*EVENTS, taken(0, at=90.0)], may_repeat=frozenset(ADDRESSES[:1])) == ""


def test_a_message_that_was_taken_may_not_be_failed_in_the_ledger():
    rows = [Row(ADDRESSES[0], "failed", 1, None, "given up"), *ROWS[1:]]
    assert "neither delivered nor held" in broken(rows=rows)
    assert "though the sink never said 5xx: r0@example.org (given up)" in broken(rows=rows)


def test_more_held_than_the_faults_explain_are_seen():
    rows = [Row(ADDRESSES[0], "held", 1, None, "the sender died"), *ROWS[1:]]
    assert broken(rows=rows, held_at_most=1) == ""
    assert "1 held, and the faults explain 0 at most" in broken(rows=rows, held_at_most=0)


def test_a_held_row_needs_its_cause():
    assert "held without a cause" in broken(rows=[Row(ADDRESSES[0], "held"), *ROWS[1:]], held_at_most=1)


def test_nothing_may_follow_a_5xx():
    events = [refused(0, 550, at=5.0), *EVENTS]
    assert "tried again after a 5xx: r0@example.org" in broken(events)


def test_a_retry_within_a_minute_is_too_soon_unless_the_scenario_hurried():
    assert "within 59 s of a 4xx" in broken([refused(0, 451, at=5.0), *EVENTS])
    assert broken([refused(0, 451, at=-60.0), *EVENTS]) == ""
    assert broken([refused(0, 451, at=5.0), *EVENTS], is_hurried=True) == ""


@pytest.mark.parametrize("code", [451, 550])
def test_a_sender_that_was_killed_with_the_refusal_in_its_ear_may_ask_again(code):
    assert broken([refused(0, code, at=5.0), *EVENTS], kills=[5.5]) == ""
    assert broken([refused(0, code, at=5.0), *EVENTS], kills=[4.5, 6.5]) != ""


@pytest.mark.parametrize("unlike", [{"sha256": "else"}, {"message_id": "<else@example.org>"}, {"date": "else"}])
def test_every_attempt_carries_the_same_message(unlike):
    earlier = replace(taken(0, at=-90.0, **unlike), kind="refused", code=451)
    assert "differ in bytes, Message-ID or Date: r0@example.org" in broken([earlier, *EVENTS])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"to": "r1@example.org"}, "with a To of somebody else"),
        ({"dear": ("Reader0", "Reader1")}, "with words for somebody else"),
        ({"message_id": ""}, "without Message-ID or Date"),
        ({"message_id": "<1@example.org>"}, "shared by several readers"),
        ({"flaws": ("a bare CR or LF",)}, "malformed on the wire"),
    ],
)
def test_a_wrong_message_is_seen(wrong, says):
    assert says in broken([taken(0, **wrong), *EVENTS[1:]])


def test_mail_to_the_suppressed_is_seen_after_five_seconds_of_grace():
    assert broken(suppressed={ADDRESSES[0]: 5.0}) == ""
    assert "after they were suppressed: r0@example.org" in broken(suppressed={ADDRESSES[0]: 4.0})


def test_a_skipped_reader_needs_a_reason():
    rows = [Row(ADDRESSES[0], "skipped"), *ROWS[1:]]
    assert "skipped without a reason" in broken(EVENTS[1:], rows)
    assert broken(EVENTS[1:], rows, suppressed={ADDRESSES[0]: 4.0}) == ""
    assert broken(EVENTS[1:], rows, is_cancelled=True) == ""


def test_mail_in_a_pause_is_seen():
    assert "after pause or cancel: r2@example.org" in broken(silences=[(6.0, 12.0)])
