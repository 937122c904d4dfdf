"""Whatever a server does and wherever the wire breaks: each job ends exactly once, and never in a lie."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_model import CHUNKING, LOCKSTEP, PIPELINING, Model, Notes, Plan, Wire, contents, converse, job

WAYS = {"lockstep": LOCKSTEP, "pipelining": PIPELINING, "chunking": CHUNKING}
bad = st.sampled_from([421, 450, 452, 500, 503, 554])
plans = st.one_of(
    st.builds(Plan, dot=bad),
    st.builds(Plan, rcpt=bad | st.just(251)),
    st.builds(Plan, mail=bad),
    st.builds(Plan, data=bad),
    st.builds(Plan, mail=bad, rcpt=bad, data=bad | st.just(354), dot=bad),
)


@dataclass(frozen=True)
class Trouble:
    """How one connection's bytes travel, and after how many of each side's it breaks."""

    write: int = 10**6
    read: int = 10**6
    most_written: int = 10**6
    most_read: int = 10**6
    garbage_at: int = -1
    writes_first: bool = True


never = st.just(10**6)
troubles = st.builds(
    Trouble,
    write=st.sampled_from([1, 7, 60, 110, 10**6]),
    read=st.sampled_from([1, 5, 40, 10**6]),
    most_written=st.integers(0, 900) | never,
    most_read=st.integers(0, 300) | never,
    garbage_at=st.integers(1, 14) | st.just(-1),
    writes_first=st.booleans(),
)


def carry(wire, model, trouble):
    """Move bytes both ways until all is said or the connection breaks."""
    said, written, read = b"", 0, 0
    model.garbage_at = trouble.garbage_at
    wire.ask()
    while not wire.talk.is_over and (wire.given or said):
        if wire.given and (trouble.writes_first or not said):
            size = min(trouble.write, len(wire.given), trouble.most_written - written)
            said, written = said + wire.write(model, size), written + size
            if written == trouble.most_written:
                return
        else:
            size = min(trouble.read, len(said), trouble.most_read - read)
            wire.read(said[:size])
            said, read = said[size:], read + size
            if read == trouble.most_read:
                return


def assert_true_story(notes, model, jobs):
    """Nothing is told twice, nothing untold, and no end contradicts what the server has seen."""
    assert {one.number: notes.ends[one.number] for one in jobs} == {one.number: 1 for one in jobs if one not in notes.left} | {
        one.number: 0 for one in notes.left
    }
    for number, (sender, content) in model.accepted.items():
        assert (sender, content) == contents(jobs)[number], "another reader's envelope or content"
        assert notes.codes.get(number, 999) < 300 or notes.losses.get(number, (False,))[0], f"{number} was taken"
        assert number in notes.begun
    for number, answer in notes.answers.items():
        assert answer.code >= 400 or number in model.accepted, f"{number} was not taken"


def run_to_the_end(notes, model, offers, wire_of_connection):
    """Connections one after the other until nothing is left, the last ones without faults."""
    again = None
    for connection in range(40):
        model.start()
        wire = Wire(notes, offers, again)
        wire_of_connection(wire, model, connection)
        wire.break_off()
        again = wire.take_again()
        if again is None and not notes.left:
            return
    if again is not None:
        notes.returned(again)


@pytest.mark.parametrize("way", WAYS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_each_job_ends_once_and_truly_under_mixed_answers_torn_replies_and_breaks(way, data):
    jobs = [job(number) for number in range(data.draw(st.integers(1, 6)))]
    notes = Notes(jobs, withdrawn=data.draw(st.sets(st.integers(0, 5), max_size=2)))
    model = Model(
        plans=data.draw(st.dictionaries(st.integers(0, 5), plans)),
        takes_void=data.draw(st.booleans()),
        void_code=data.draw(st.sampled_from([250, 554])),
        keeps_open=data.draw(st.booleans()),
        most=data.draw(st.sampled_from([1, 2, 10**6])),
        wordy=data.draw(st.booleans()),
    )

    faults = data.draw(st.lists(troubles, max_size=3))

    def connection(wire, model, number):
        carry(wire, model, faults[number] if number < len(faults) else Trouble())

    run_to_the_end(notes, model, WAYS[way], connection)
    assert_true_story(notes, model, jobs)


@pytest.mark.parametrize("way", WAYS)
def test_a_break_at_each_byte_that_the_client_writes_is_typed_truly(way):
    length = 1
    position = 0
    while position <= length:
        jobs = [job(number) for number in range(3)]
        notes, model = Notes(jobs), Model(plans={1: Plan(rcpt=550)})

        def connection(wire, model, number, position=position):
            if number:
                converse(wire, model)
                return
            left, said = position, b""
            wire.ask()
            while wire.given and left:
                size = min(left, len(wire.given))
                said, left = wire.write(model, size), left - size
                wire.read(said) if said else None
                connection.written += size

        connection.written = 0
        run_to_the_end(notes, model, WAYS[way], connection)
        assert_true_story(notes, model, jobs)
        length = max(length, connection.written + 1)
        position += 1
    assert length > 200


@pytest.mark.parametrize("way", WAYS)
def test_a_break_at_each_byte_that_the_server_says_is_typed_truly(way):
    position, is_cut = 0, True
    while is_cut:
        jobs = [job(number) for number in range(3)]
        notes, model = Notes(jobs), Model(plans={1: Plan(rcpt=550)})
        is_cut = False

        def connection(wire, model, number, position=position):
            nonlocal is_cut
            if number:
                converse(wire, model)
                return
            left = position
            wire.ask()
            while wire.given:
                said = wire.write(model)
                wire.read(said[:left]) if left else None
                is_cut = len(said) > left
                if is_cut:
                    return
                left -= len(said)

        run_to_the_end(notes, model, WAYS[way], connection)
        assert_true_story(notes, model, jobs)
        doubts = [number for number, (after_dot, _) in notes.losses.items() if after_dot]
        assert len(doubts) <= (3 if way == "chunking" else 1)
        position += 1
    assert position > 100


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("torn", range(1, 10))
def test_torn_replies_change_nothing(way, torn):
    plans = {1: Plan(rcpt=550), 2: Plan(mail=451), 3: Plan(data=451), 4: Plan(dot=554), 6: Plan(rcpt=251)}
    jobs = [job(number) for number in range(8)]
    notes, model = Notes(jobs), Model(plans=plans, wordy=torn % 2 == 0, takes_void=torn % 3 == 0)
    converse(Wire(notes, WAYS[way]), model, torn)
    data_refusal = {3: 250} if way == "chunking" else {3: 451}
    assert notes.codes == {0: 250, 1: 550, 2: 451, 4: 554, 5: 250, 6: 250, 7: 250} | data_refusal
    assert_true_story(notes, model, jobs)


class Stumble(Exception):
    """What a database or a disk might raise."""


class Stumbling(Notes):
    """Raises at one of its calls: an end is noted before, an intent and a job are not."""

    def __init__(self, jobs, at):
        super().__init__(jobs)
        self.at = at

    def step(self):
        self.at -= 1
        if self.at == 0:
            raise Stumble

    def next_job(self, server):
        self.step()
        return super().next_job(server)

    def begin(self, one):
        self.step()
        return super().begin(one)

    def answered(self, one, answer):
        super().answered(one, answer)
        self.step()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", range(1, 30))
def test_an_engine_that_raises_anywhere_hears_no_lie(way, at):
    jobs = [job(number) for number in range(6)]
    notes, model = Stumbling(jobs, at), Model(plans={1: Plan(rcpt=550), 3: Plan(dot=451)}, wordy=at % 3 == 0)

    def connection(wire, model, _number):
        try:
            converse(wire, model)
        except Stumble:
            wire.read(b"")  # last words

    run_to_the_end(notes, model, WAYS[way], connection)
    assert_true_story(notes, model, jobs)
