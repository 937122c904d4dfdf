"""The conversation by BDAT: what is in flight, what is in doubt, and that no message gets another's envelope."""

import pytest
from smtp_model import CHUNKING, SERVER, Job, Model, Notes, Plan, Wire, contents, converse, job

from syndication.delivery.outcome import Stage
from syndication.delivery.parcel import Parcel

FOUR = b"250 ok\r\n250 ok\r\n250 ok\r\n250 2.0.0 taken\r\n"


def start(count, **options):
    jobs = [job(number) for number in range(count)]
    notes = Notes(jobs, **options)
    return jobs, notes, Wire(notes, CHUNKING)


def test_so_many_whole_transactions_as_the_window_is_wide_stand_in_the_first_write():
    _, notes, wire = start(9)
    wire.ask()
    assert wire.given.count(b"BDAT 21 LAST\r\nSubject") == SERVER.window == 3
    assert wire.given.startswith(
        b"RSET\r\nMAIL FROM:<from0@news.example.org>\r\nRCPT TO:<to0@example.org>\r\nBDAT 21 LAST\r\nSubject: 0\r\n\r\nhello\r\nRSET\r\n"
    )
    assert notes.begun == [0, 1, 2]


def test_every_message_arrives_with_its_own_sender_and_bytes():
    jobs, notes, wire = start(9)
    model = Model()
    converse(wire, model)
    assert model.accepted == contents(jobs)
    assert notes.codes == dict.fromkeys(range(9), 250)
    assert wire.talk.is_idle


def test_a_server_that_keeps_a_refused_transaction_open_gives_nobody_anothers_sender():
    jobs, notes, wire = start(5)
    model = Model(plans={1: Plan(rcpt=550)}, keeps_open=True)
    converse(wire, model)
    assert notes.codes == {0: 250, 1: 550, 2: 250, 3: 250, 4: 250}
    assert model.accepted == contents([one for one in jobs if one.number != 1])


@pytest.mark.parametrize(("plan", "stage"), [(Plan(mail=452), Stage.MAIL), (Plan(rcpt=550), Stage.RCPT), (Plan(dot=554), Stage.DOT)])
def test_the_first_refusal_is_the_answer(plan, stage):
    _, notes, wire = start(3)
    converse(wire, Model(plans={1: plan}))
    assert notes.answers[1].stage is stage
    assert notes.codes[0] == notes.codes[2] == 250


def test_a_chunk_that_is_taken_for_a_refused_recipient_is_no_delivery():
    _, notes, wire = start(1)
    wire.ask()
    wire.given = b""
    wire.read(b"250 ok\r\n250 ok\r\n550 nobody\r\n250 taken\r\n")
    assert notes.codes == {0: 550}


def test_the_window_halves_with_a_refusal_and_grows_back():
    notes = Notes([job(number) for number in range(60)])
    wire = Wire(notes, CHUNKING, server=type(SERVER)("mail.example.org", 25, window=8))
    converse(wire, Model(plans={number: Plan(rcpt=550) for number in range(4)}))
    assert wire.talk._width > 2
    narrow = Notes([job(number) for number in range(9)])
    wire = Wire(narrow, CHUNKING, server=type(SERVER)("mail.example.org", 25, window=8))
    wire.ask()
    wire.given = b""
    wire.read(b"250 ok\r\n250 ok\r\n550 no\r\n503 no\r\n" * 3)
    assert wire.talk._width == 1


def test_after_a_break_all_that_was_written_is_in_doubt():
    _, notes, wire = start(5)
    wire.ask()
    wire.given = b""
    wire.read(FOUR)
    wire.given = b""
    wire.break_off("closed")
    assert notes.codes == {0: 250}
    assert {number: after_dot for number, (after_dot, _) in notes.losses.items()} == {1: True, 2: True}
    assert notes.ends[3] == 0


def test_after_a_break_what_was_written_in_part_is_lost_and_what_was_not_is_returned():
    _, notes, wire = start(3)
    wire.ask()
    one = len(wire.given) // 3
    wire.given = wire.given[one + 10 :]  # the first is out, ten bytes of the second
    wire.break_off("closed")
    assert notes.losses == {0: (True, "closed"), 1: (False, "closed")}
    assert notes.back == [2]


def test_a_refusal_that_was_heard_before_the_break_is_the_answer():
    _, notes, wire = start(2)
    wire.ask()
    wire.given = b""
    wire.read(b"250 ok\r\n250 ok\r\n550 5.1.1 nobody\r\n")
    wire.break_off("closed")
    assert notes.codes == {0: 550}
    assert notes.losses == {1: (True, "closed")}


def test_a_250_before_the_whole_chunk_was_written_is_garbage_not_a_delivery():
    _, notes, wire = start(1)
    wire.ask()
    wire.given = wire.given[-1:]
    wire.read(FOUR)
    assert notes.codes == {}
    assert notes.losses[0][0] is False


def test_a_refusal_before_the_whole_chunk_was_written_is_an_answer_and_the_line_goes_on():
    _, notes, wire = start(2)
    wire.ask()
    wire.read(b"250 ok\r\n250 ok\r\n550 no\r\n503 no\r\n")
    assert notes.codes == {0: 550}
    assert not wire.talk.is_over


def test_a_421_after_so_many_messages_gives_the_rest_back():
    _, notes, wire = start(3)
    converse(wire, Model(most=2))
    assert notes.codes == {0: 250, 1: 250}
    assert notes.back == [2]
    assert wire.talk.is_over


def test_a_421_to_a_chunk_answers_its_job_and_gives_the_rest_back():
    _, notes, wire = start(3)
    converse(wire, Model(plans={0: Plan(dot=421)}))
    assert notes.codes == {0: 421}
    assert notes.back == [1, 2]


def test_a_server_that_offers_chunking_and_does_not_know_bdat_is_left_at_once():
    _, notes, wire = start(3)
    wire.ask()
    wire.given = b""
    wire.read(b"250 ok\r\n250 ok\r\n250 ok\r\n502 5.5.1 what?\r\n500 Subject?\r\n")
    assert wire.talk.is_over
    assert wire.talk.is_misled
    assert {number: after_dot for number, (after_dot, _) in notes.losses.items()} == {0: False, 1: True, 2: True}


def test_after_a_pause_the_line_proves_that_it_lives_before_a_message_is_put_in_doubt():
    _, notes, wire = start(1)
    model = Model()
    converse(wire, model)
    notes.left.extend([job(1), job(2)])
    wire.ask()
    assert wire.given == b"RSET\r\n"
    assert not wire.talk.is_idle
    wire.break_off("closed")
    assert notes.ends[1] == 0
    assert wire.take_again().number == 1
    assert notes.begun == [0]


def test_a_line_that_proved_that_it_lives_goes_on():
    _, notes, wire = start(1)
    model = Model()
    converse(wire, model)
    notes.left.extend([job(1), job(2)])
    converse(wire, model)
    assert notes.codes == {0: 250, 1: 250, 2: 250}


def test_a_withdrawn_job_goes_back_and_the_line_stays():
    _, notes, wire = start(3, withdrawn={0})
    model = Model()
    converse(wire, model)
    converse(wire, model)
    assert notes.back == [0]
    assert notes.codes == {1: 250, 2: 250}


def test_an_address_that_the_server_cannot_take_fails_alone():
    notes = Notes([Job(7, Parcel("a@news.example.org", "jürgen@example.org", (b"x\r\n",))), job(1)])
    converse(Wire(notes, CHUNKING), Model())
    assert notes.codes == {7: 553, 1: 250}


@pytest.mark.parametrize("heard", [b"hello\r\n", b"250 ok\r\n354 what\r\n", b"250 ok\r\n250 ok\r\n250 ok\r\n354 what\r\n"])
def test_garbage_puts_the_window_in_doubt(heard):
    _, notes, wire = start(2)
    wire.ask()
    wire.given = b""
    wire.read(heard)
    assert {number: after_dot for number, (after_dot, _) in notes.losses.items()} == {0: True, 1: True}
    assert wire.talk.is_over


class Stumbling(Notes):
    """Raises once: after the first answer is noted, or at the second intent."""

    def __init__(self, jobs, call):
        super().__init__(jobs)
        self.call, self.left_over = call, 1

    def begin(self, one):
        if self.call == "begin" and one.number == 1 and self.left_over:
            self.left_over = 0
            raise ValueError
        return super().begin(one)

    def answered(self, one, answer):
        super().answered(one, answer)
        if self.call == "answered" and self.left_over:
            self.left_over = 0
            raise ValueError


def test_an_engine_that_raises_at_an_answer_still_hears_the_others_that_came_with_it():
    notes = Stumbling([job(number) for number in range(3)], "answered")
    wire = Wire(notes, CHUNKING)
    wire.ask()
    wire.given = b""
    with pytest.raises(ValueError):
        wire.talk.hear(FOUR * 2 + b"250 ok\r\n250 ok\r\n550 no\r\n503 no\r\n")
    wire.talk.hear(b"")
    assert notes.codes == {0: 250, 1: 250, 2: 550}


def test_what_was_begun_when_the_engine_raised_was_never_written_and_is_no_doubt():
    notes = Stumbling([job(number) for number in range(3)], "begin")
    wire = Wire(notes, CHUNKING)
    with pytest.raises(ValueError):
        wire.ask()
    wire.break_off()
    assert notes.back == [0]
    assert wire.take_again().number == 1
    assert not notes.losses
