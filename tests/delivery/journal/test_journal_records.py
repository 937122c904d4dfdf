from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.journal import records
from syndication.delivery.journal.records import Begun, Settled
from syndication.delivery.states import State

HEAD = records.head("run", "site", "boot", "host:1")
numbers = st.integers(0, 2**40)
maybe = st.none() | numbers
words = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), max_size=20)
outcomes = st.builds(
    Settled,
    batch=numbers,
    subscriber=numbers,
    state=st.sampled_from(State),
    attempt=st.integers(0, 99),
    sent_at=maybe,
    due_at=maybe,
    code=st.none() | st.integers(200, 599),
    kind=words.filter(lambda word: word != "-"),
    reply=st.text(max_size=300),
    where=words.filter(lambda word: word != "-"),
    at=numbers,
)


def as_read(one):
    """A reply comes back as one line, with what UTF-8 cannot say replaced; NUL ends a journal and is cut with its line."""
    reply = " ".join(one.reply.encode("utf-8", "replace").decode().replace("\0", "\ufffd").split())
    return Settled(one.batch, one.subscriber, one.state, one.attempt, one.sent_at, one.due_at, one.code, one.kind, reply, one.where, one.at)


@given(outcomes)
def test_an_outcome_is_read_as_it_was_written(one):
    told = records.read(HEAD + records.outcome(one))
    assert list(told.outcomes.values()) == [as_read(one)]


@given(st.lists(outcomes, max_size=5, unique_by=lambda one: (one.batch, one.subscriber)), st.data())
def test_a_torn_end_loses_only_itself(ones, data):
    lines = [HEAD, *map(records.outcome, ones)]
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    complete = whole[:cut].count(b"\n")
    told = records.read(whole[:cut])
    assert list(told.outcomes.values()) == [as_read(one) for one in ones[: max(0, complete - 1)]]


@given(st.binary(max_size=200))
def test_whatever_a_disk_gives_back_is_read_without_an_error(rubbish):
    records.read(rubbish)
    assert records.read(HEAD + rubbish).run == "run"


def test_room_that_was_reserved_and_never_written_is_no_record():
    told = records.read(HEAD + records.intent(1, 2, 3, 1) + b"\0" * 1000)
    assert list(told.begun.values()) == [Begun(1, 2, 3, 1)]


def test_an_intent_without_an_outcome_is_doubt_and_nothing_else_is():
    lines = [
        HEAD,
        records.claimed(1, 7),
        records.announced(1, [10, 11, 12]),
        records.intent(1, 10, 100, 1),
        records.intent(1, 11, 100, 1),
        records.outcome(Settled(1, 10, State.DELIVERED, 1, 100, code=250)),
    ]
    told = records.read(b"".join(lines))
    assert told.fences == {1: 7}
    assert told.doubtful(same_boot=True) == [(1, 11)]


def test_after_a_power_cut_all_that_was_announced_and_has_no_outcome_is_doubt():
    lines = [HEAD, records.announced(1, [10, 11, 12]), records.outcome(Settled(1, 10, State.DELIVERED, 1, 100, code=250))]
    assert records.read(b"".join(lines)).doubtful(same_boot=False) == [(1, 11), (1, 12)]


def test_a_second_attempt_of_the_same_run_is_open_again():
    deferred = records.outcome(Settled(1, 10, State.DEFERRED, 1, 100, due_at=160))
    told = records.read(HEAD + records.intent(1, 10, 100, 1) + deferred + records.intent(1, 10, 100, 2))
    assert told.doubtful(same_boot=True) == [(1, 10)]


def test_the_message_that_was_being_made_at_the_end_is_known():
    assert records.read(HEAD + records.composing(1, 10)).composing == (1, 10)
    assert records.read(HEAD + records.composing(1, 10) + records.intent(1, 10, 100, 1)).composing is None


@given(numbers, numbers, numbers, words)
def test_the_usual_outcome_is_written_without_a_detour_and_read_as_any_other(batch, subscriber, sent_at, receipt):
    told = records.read(HEAD + records.delivered(batch, subscriber, sent_at, receipt))
    assert list(told.outcomes.values()) == [Settled(batch, subscriber, State.DELIVERED, 1, sent_at, reply=receipt)]
