"""The witness of the chaos runs does as it is told and notes what it did."""

import smtplib

import pytest
from support.fault_sink import FaultSink
from support.faults import FAULTS, Faults, fault_of

READER = "r1@example.org"
MESSAGE = b"To: Reader1 Surname\r\n <r1@example.org>\r\nMessage-ID: <1@example.org>\r\nDate: now\r\n\r\nDear Reader1,\r\n.\r\n..\r\n"
pytestmark = pytest.mark.processes


@pytest.fixture
def start_sink(tmp_path):
    sinks = []

    def start(**faults):
        sinks.append(FaultSink(tmp_path / f"record-{len(sinks)}", Faults(**faults)))
        return sinks[-1]

    yield start
    for sink in sinks:
        sink.stop()


def connect(sink):
    return smtplib.SMTP("127.0.0.1", sink.port, local_hostname="here.example.org", timeout=10)


def send(sink, recipient=READER):
    with connect(sink) as client:
        return client.sendmail("news@example.org", [recipient], MESSAGE)


def test_what_is_taken_is_written_down_whole(start_sink):
    sink = start_sink()
    send(sink)
    (event,) = sink.events()
    assert (event.kind, event.recipient, event.sender, event.answered) == ("taken", READER, "news@example.org", True)
    assert (event.to, event.message_id, event.date, event.dear) == (READER, "<1@example.org>", "now", ("Reader1",))
    assert (event.size_bytes, event.flaws) == (len(MESSAGE), ())
    assert sink.taken() == 1


def test_a_chunked_message_is_the_same_message(start_sink):
    sink = start_sink(chunking=True)
    send(sink)
    with connect(sink) as client:
        client.ehlo()
        assert client.has_extn("chunking")
        client.mail("news@example.org")
        client.rcpt(READER)
        client.sock.sendall(b"BDAT 10\r\n" + MESSAGE[:10] + b"BDAT %d LAST\r\n" % (len(MESSAGE) - 10) + MESSAGE[10:])
        assert [client.getreply()[0], client.getreply()[0]] == [250, 250]
    assert len({event.sha256 for event in sink.events()}) == 1


@pytest.mark.parametrize("fault", ["rcpt4", "data4", "dot4"])
def test_a_clear_4xx_happens_once_for_each_recipient(start_sink, fault):
    sink = start_sink(shares={fault: 1})
    with pytest.raises((smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)):
        send(sink)
    send(sink)
    first, second = sink.events()
    assert (first.kind, first.code // 100, second.kind) == ("refused", 4, "taken")


@pytest.mark.parametrize("fault", ["rcpt5", "data5", "dot5"])
def test_a_5xx_stays(start_sink, fault):
    sink = start_sink(shares={fault: 1})
    for _ in range(2):
        with pytest.raises((smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)):
            send(sink)
    assert [event.code // 100 for event in sink.events()] == [5, 5]


def test_a_pipelining_client_may_be_refused_at_mail(start_sink):
    sink = start_sink(shares={"mail4": 1})
    with connect(sink) as client:
        client.ehlo()
        client.sock.sendall(b"MAIL FROM:<news@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\n" % READER.encode())
        assert [client.getreply()[0] for _ in range(3)] == [451, 503, 503]
    assert [event.stage for event in sink.events()] == ["MAIL"]


@pytest.mark.parametrize(
    ("fault", "kind"), [("amb_taken", "taken"), ("amb_drop", "broken"), ("silent_drop", "broken"), ("drop_body", "broken")]
)
def test_a_doubtful_fault_hangs_up_after_the_message(start_sink, fault, kind):
    sink = start_sink(shares={fault: 1}, silent_seconds=0.1)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(sink)
    send(sink)
    assert [event.kind for event in sink.events()] == [kind, "taken"]


def test_garbage_is_no_reply(start_sink):
    sink = start_sink(shares={"garbage_dot": 1})
    with pytest.raises(smtplib.SMTPException):
        send(sink)
    (event,) = sink.events()
    assert (event.kind, event.answered) == ("taken", False)


def test_greylisting_refuses_the_first_attempt_of_everybody(start_sink):
    sink = start_sink(greylist_seconds=0.2)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(sink)
    sink.change(Faults(greylist_seconds=0.0001))
    send(sink)
    assert [event.kind for event in sink.events()] == ["refused", "taken"]


def test_a_connection_is_closed_with_421_after_its_messages(start_sink):
    sink = start_sink(messages_per_connection=1)
    client = connect(sink)
    client.sendmail("news@example.org", [READER], MESSAGE)
    with pytest.raises(smtplib.SMTPSenderRefused, match="421"):
        client.sendmail("news@example.org", [READER], MESSAGE)
    assert sink.taken() == 1


def test_a_greeting_may_be_421(start_sink):
    sink = start_sink(greeting_421=1)
    with pytest.raises(smtplib.SMTPConnectError):
        connect(sink)


def test_a_shut_sink_refuses_and_an_open_one_listens_on_the_same_port(start_sink):
    sink = start_sink()
    client = connect(sink)
    sink.shut()
    with pytest.raises(ConnectionRefusedError):
        connect(sink)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        client.docmd("NOOP")
    sink.open()
    send(sink)


@pytest.mark.parametrize("offered", ["starttls", "auth"])
def test_tls_and_passwords_are_offered_and_refused(start_sink, offered):
    sink = start_sink(starttls="454", auth="535")
    with connect(sink) as client:
        client.ehlo()
        assert client.has_extn(offered)
        if offered == "starttls":
            assert client.docmd("STARTTLS")[0] == 454
        else:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("news", "wrong")


def test_who_meets_which_fault_is_known_beforehand():
    faults = Faults(seed=7, shares=dict.fromkeys(FAULTS, 1 / 20))
    drawn = [fault_of(faults, f"r{number}@example.org") for number in range(4000)]
    assert drawn == [fault_of(faults, f"r{number}@example.org") for number in range(4000)]
    assert all(120 < drawn.count(name) < 280 for name in FAULTS)
    assert drawn.count("") == 4000 - sum(drawn.count(name) for name in FAULTS)
