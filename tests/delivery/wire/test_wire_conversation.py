"""The conversation by DATA: what stands in one write, what each refusal means, and where the dot is."""

import pytest
from smtp_model import LOCKSTEP, PIPELINING, SERVER, Job, Model, Notes, Plan, Wire, contents, converse, job

from syndication.delivery.outcome import Stage
from syndication.delivery.parcel import Parcel
from syndication.delivery.wire.offers import Offers
from syndication.delivery.wire.time_outs import Await

FIRST = b"MAIL FROM:<from0@news.example.org>\r\nRCPT TO:<to0@example.org>\r\nDATA\r\n"
SECOND = b"MAIL FROM:<from1@news.example.org>\r\nRCPT TO:<to1@example.org>\r\nDATA\r\n"
TAKEN = b"250 2.0.0 so\r\n250 ok\r\n250 ok\r\n354 go\r\n"


def start(count, offers=PIPELINING, **options):
    jobs = [job(number) for number in range(count)]
    notes = Notes(jobs, **options)
    return jobs, notes, Wire(notes, offers)


def told(wire, *heard):
    """What the conversation says to each piece that it hears; all is written at once."""
    said = []
    for one in heard:
        wire.read(one)
        said.append(wire.given)
        wire.given = b""
    return said


def test_the_body_its_dot_and_the_next_envelope_stand_in_one_write():
    jobs, notes, wire = start(3)
    wire.ask()
    assert wire.given == FIRST
    wire.given = b""
    said = told(wire, b"250 ok\r\n250 ok\r\n354 go\r\n")
    assert said == [b"".join(jobs[0].parcel.message) + b".\r\n" + SECOND]
    assert notes.begun == [0]
    said = told(wire, TAKEN)
    assert said[0].startswith(b"Subject: 1\r\n")
    assert notes.codes == {0: 250}
    assert notes.answers[0].text == "2.0.0 so"


def test_without_pipelining_each_command_waits_for_its_reply():
    _, _, wire = start(2, LOCKSTEP)
    wire.ask()
    first = wire.given
    wire.given = b""
    said = told(wire, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 taken\r\n")
    assert [first, *said] == [
        b"MAIL FROM:<from0@news.example.org>\r\n",
        b"RCPT TO:<to0@example.org>\r\n",
        b"DATA\r\n",
        b"Subject: 0\r\n\r\nhello\r\n.\r\n",
        b"MAIL FROM:<from1@news.example.org>\r\n",
    ]


@pytest.mark.parametrize("offers", [PIPELINING, LOCKSTEP])
def test_every_message_arrives_with_its_own_sender_and_bytes(offers):
    jobs, notes, wire = start(5, offers)
    model = Model()
    converse(wire, model)
    assert model.accepted == contents(jobs)
    assert wire.talk.is_idle
    assert notes.codes == dict.fromkeys(range(5), 250)


def test_the_size_is_declared_where_it_is_offered():
    _, _, wire = start(1, Offers(pipelining=True, size=True))
    wire.ask()
    assert b"MAIL FROM:<from0@news.example.org> SIZE=21\r\n" in wire.given


@pytest.mark.parametrize(
    ("plan", "stage", "code"),
    [
        (Plan(mail=452), Stage.MAIL, 452),
        (Plan(rcpt=550), Stage.RCPT, 550),
        (Plan(data=451), Stage.DATA, 451),
        (Plan(dot=554), Stage.DOT, 554),
        (Plan(mail=553, rcpt=550), Stage.MAIL, 553),
    ],
)
@pytest.mark.parametrize("offers", [PIPELINING, LOCKSTEP])
def test_the_first_refusal_is_the_answer_and_the_next_message_goes_on(plan, stage, code, offers):
    jobs, notes, wire = start(3, offers)
    model = Model(plans={1: plan})
    converse(wire, model)
    assert (notes.answers[1].stage, notes.answers[1].code) == (stage, code)
    assert model.accepted == contents([jobs[0], jobs[2]])


@pytest.mark.parametrize("void_code", [250, 554])
def test_a_data_that_is_taken_without_a_recipient_gets_no_content_and_counts_as_refused(void_code):
    jobs, notes, wire = start(3)
    model = Model(plans={1: Plan(rcpt=550)}, takes_void=True, void_code=void_code)
    converse(wire, model)
    assert notes.codes == {0: 250, 1: 550, 2: 250}
    assert model.accepted == contents([jobs[0], jobs[2]])
    assert notes.begun == [0, 2]


def test_a_421_to_the_dot_answers_the_job_and_the_next_one_goes_to_a_fresh_connection():
    _, notes, wire = start(3)
    converse(wire, Model(plans={0: Plan(dot=421)}))
    assert notes.codes == {0: 421}
    assert wire.talk.is_over
    assert wire.take_again().number == 1
    assert notes.ends[1] == 0


def test_a_421_to_mail_after_so_many_messages_is_no_word_about_the_next_one():
    _, notes, wire = start(3)
    converse(wire, Model(most=2))
    assert notes.codes == {0: 250, 1: 250}
    assert wire.take_again().number == 2


@pytest.mark.parametrize("plan", [Plan(mail=421), Plan(rcpt=421), Plan(data=421)])
def test_a_421_on_a_fresh_connection_is_an_answer(plan):
    _, notes, wire = start(2)
    converse(wire, Model(plans={0: plan}))
    assert notes.codes == {0: 421}
    assert wire.talk.is_over


def test_a_break_after_the_dot_is_doubt_and_the_next_job_is_untouched():
    _, notes, wire = start(3)
    wire.ask()
    told(wire, b"250 ok\r\n250 ok\r\n354 go\r\n")
    wire.break_off("closed")
    assert notes.losses == {0: (True, "closed")}
    assert wire.take_again().number == 1


def test_a_break_while_the_message_is_still_being_written_is_surely_before_the_dot():
    _, notes, wire = start(3)
    wire.ask()
    wire.given = b""
    wire.read(b"250 ok\r\n250 ok\r\n354 go\r\n")
    wire.given = wire.given[-len(SECOND) - 1 :]  # all but the last byte of the dot
    wire.break_off()
    assert notes.losses == {0: (False, "broken")}


def test_a_break_while_only_the_next_envelope_is_unwritten_is_doubt():
    _, notes, wire = start(3)
    wire.ask()
    wire.given = b""
    wire.read(b"250 ok\r\n250 ok\r\n354 go\r\n")
    wire.given = wire.given[-len(SECOND) :]
    wire.break_off()
    assert notes.losses == {0: (True, "broken")}


def test_a_break_in_the_first_envelope_counts_and_in_a_later_one_it_does_not():
    _, notes, wire = start(2)
    wire.ask()
    wire.break_off("closed")
    assert notes.losses == {0: (False, "closed")}
    _, notes, wire = start(2)
    wire.ask()
    told(wire, b"250 ok\r\n250 ok\r\n354 go\r\n", b"250 taken\r\n")
    wire.break_off("closed")
    assert notes.losses == {}
    assert wire.take_again().number == 1


def test_a_job_that_meets_a_second_broken_connection_is_lost():
    _, notes, wire = start(1)
    wire = Wire(notes, PIPELINING, notes.next_job(SERVER))
    wire.ask()
    wire.break_off("closed")
    assert notes.losses == {0: (False, "closed")}
    assert wire.take_again() is None


def test_a_refusal_that_was_heard_before_the_break_is_the_answer():
    _, notes, wire = start(1)
    wire.ask()
    told(wire, b"250 ok\r\n550 5.1.1 nobody\r\n")
    wire.break_off()
    assert notes.codes == {0: 550}


@pytest.mark.parametrize("rubbish", [b"hello\r\n", b"354 again\r\n", b"250-" + b"x" * 5000, b"250-x\r\n" * 300])
def test_garbage_after_the_dot_is_doubt(rubbish):
    _, notes, wire = start(2)
    wire.ask()
    told(wire, b"250 ok\r\n250 ok\r\n354 go\r\n", rubbish)
    assert notes.losses[0][0] is True
    assert wire.talk.is_over


@pytest.mark.parametrize(
    "heard", [b"hello\r\n", b"354 what\r\n", b"250 ok\r\n354 what\r\n", b"250 ok\r\n250 ok\r\n250 what\r\n", b"250 ok\r\n334 \r\n"]
)
def test_garbage_in_the_envelope_is_before_the_dot(heard):
    _, notes, wire = start(1)
    wire.ask()
    told(wire, heard)
    assert notes.losses[0][0] is False
    assert "the server answered with" in notes.losses[0][1]


def test_garbage_on_an_idle_line_ends_it_and_harms_nobody():
    _, notes, wire = start(0)
    wire.ask()
    told(wire, b"250 surprise\r\n")
    assert wire.talk.is_over
    assert not notes.ends


def test_a_250_before_the_whole_message_was_written_is_garbage_not_a_delivery():
    _, notes, wire = start(1)
    wire.ask()
    wire.given = b""
    wire.read(b"250 ok\r\n250 ok\r\n354 go\r\n")  # nothing of the body is written yet
    wire.read(b"250 taken\r\n")
    assert notes.losses[0][0] is False
    assert wire.talk.is_over


def test_a_250_for_this_and_the_next_envelope_before_the_message_was_written_is_garbage_too():
    _, notes, wire = start(3)
    wire.ask()
    wire.given = b""
    wire.read(b"250 ok\r\n250 ok\r\n354 go\r\n")
    wire.read(TAKEN)
    assert notes.losses[0][0] is False
    assert notes.codes == {}


def test_a_refusal_in_the_middle_of_the_message_is_an_answer_and_the_rest_is_spared():
    _, notes, wire = start(2)
    wire.ask()
    wire.given = b""
    wire.read(b"250 ok\r\n250 ok\r\n354 go\r\n")
    wire.read(b"552 5.3.4 too big\r\n")
    assert notes.codes == {0: 552}
    assert wire.talk.is_over
    assert wire.take_again().number == 1


def test_a_withdrawn_job_gets_no_dot_and_ends_the_connection():
    _, notes, wire = start(3, withdrawn={1})
    model = Model()
    converse(wire, model)
    assert notes.back == [1]
    assert wire.talk.is_over
    assert set(model.accepted) == {0}
    assert wire.take_again().number == 2


def test_a_job_behind_a_slow_dot_is_given_back_when_the_line_is_cut():
    _, notes, wire = start(3)
    wire.ask()
    told(wire, b"250 ok\r\n250 ok\r\n354 go\r\n")
    wire.talk.cut()
    assert notes.back == [1]
    told(wire, TAKEN)
    assert notes.codes == {0: 250}
    assert wire.talk.is_over, "the server waits for a message that must not come"


def test_a_line_that_takes_no_more_finishes_what_is_begun():
    _, notes, wire = start(5)
    wire.ask()
    told(wire, b"250 ok\r\n250 ok\r\n354 go\r\n")
    wire.talk.take_no_more()
    wire.talk.work_for(notes)
    told(wire, TAKEN, b"250 ok\r\n")
    assert notes.codes == {0: 250, 1: 250}
    assert wire.talk.is_idle


def odd(sender="a@news.example.org", recipient="b@example.org"):
    return Job(7, Parcel(sender, recipient, (b"x\r\n",)))


def test_an_international_address_goes_out_whole_where_it_is_offered():
    wire = Wire(Notes([odd(recipient="jürgen@example.org")]), Offers(pipelining=True, smtputf8=True))
    wire.ask()
    assert wire.given == "MAIL FROM:<a@news.example.org> SMTPUTF8\r\nRCPT TO:<jürgen@example.org>\r\nDATA\r\n".encode()


def test_an_international_address_fails_with_the_reason_where_it_is_not_and_the_others_go_on():
    notes = Notes([odd(recipient="jürgen@example.org"), job(1)])
    wire = Wire(notes, PIPELINING)
    wire.ask()
    assert (notes.answers[7].stage, notes.answers[7].code) == (Stage.MAIL, 553)
    assert "SMTPUTF8" in notes.answers[7].text
    assert wire.given == SECOND


@pytest.mark.parametrize(
    "parcel",
    [
        odd(recipient="b@example.org>\r\nRCPT TO:<c@example.org"),
        odd(recipient="b@example.org> NOTIFY=NEVER"),
        odd(sender="a@example.org\r\nRSET"),
        odd(recipient="b@example.org\n"),
        odd(recipient="b\r@example.org"),
        odd(recipient="\ud800@example.org"),
    ],
)
def test_an_address_cannot_smuggle_commands(parcel):
    notes = Notes([parcel])
    wire = Wire(notes, Offers(pipelining=True, smtputf8=True))
    wire.ask()
    assert wire.given == b""
    assert notes.codes == {7: 501}


def test_what_is_awaited_is_known_at_each_step():
    _, _, wire = start(1, LOCKSTEP)
    seen = [wire.talk.awaits]
    wire.ask()
    for heard in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 taken\r\n"):
        seen.append(wire.talk.awaits)
        told(wire, heard)
    assert [*seen, wire.talk.awaits] == [Await.NOTHING, Await.MAIL, Await.RCPT, Await.DATA, Await.DOT, Await.NOTHING]
