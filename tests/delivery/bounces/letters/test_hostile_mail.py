"""Whatever strangers send, reading it never raises and its work is bounded; what is kept of a large mail says the same as all of it."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.returned_mail import dsn

from syndication.delivery.bounces.letters import mime
from syndication.delivery.bounces.letters.condensing import LARGEST_KEPT, condensed
from syndication.delivery.bounces.letters.copies import copy_of, leave_token
from syndication.delivery.bounces.letters.delivery_status import told
from syndication.delivery.bounces.letters.judging import judge
from syndication.delivery.bounces.letters.letter import open_letter
from syndication.delivery.bounces.letters.notices import judge_notice, notice_from
from syndication.delivery.bounces.letters.verdicts import Verdict

PIECES = [
    b"\r\n", b"\n", b"\n\n", b"--b\n", b"--b--\n", b"--", b"\0", b"\xff\xfe", b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
    b'Content-Type: multipart/mixed; boundary="b"\n', b"Content-Type: message/delivery-status\n", b"Content-Type: message/rfc822\n",
    b"Content-Type: message/feedback-report\n", b"Content-Type: text/plain; charset=no-such-thing\n", b"Content-Type: text/plain; charset=utf-16\n",
    b"Content-Type: text/html; charset=idna\n", b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n", b"=\n", b"=ZZ", b"!!!!",
    b"Final-Recipient: rfc822; a@b.example\n", b"Action: failed\n", b"Status: 5.1.1\n", b"Diagnostic-Code: smtp; 550 5.1.1 unknown\n", b"Feedback-Type: abuse\n",
    b"Subject: =?utf-8?b?////?= =?x-unknown?q?a?=\n", b"From: MAILER-DAEMON@x\n", b'X-Failed-Recipients: a@b.example, <, "\n', b"To: b+00@x, u+zz@x\n",
    b"<a@b.example>:\n", b"550 5.1.1 no such user\n", b" ", b"\t", b":", b";", b'"', b"(", b"<" * 50,
]  # fmt: skip
hostile = st.one_of(
    st.binary(max_size=2000),
    st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)), max_size=60).map(b"".join),
    st.builds(lambda at, more: dsn()[:at] + more + dsn()[at:], st.integers(0, 900), st.binary(max_size=40)),
)


def read(raw, sender="", recipient=""):
    letter = open_letter(raw, sender=sender, recipient=recipient)
    copy_of(letter, b"key")
    leave_token(letter)
    return judge(letter, raw)


@given(hostile, st.sampled_from(["", "a@b.example", "\0<>"]), st.sampled_from(["", "b+00@x", "u+00@x", "abuse@x", "@", "\ud800"]))
def test_reading_never_raises(raw, sender, recipient):
    judgement = read(raw, sender, recipient)
    assert len(judgement.detail) <= 300
    assert "\0" not in judgement.detail + judgement.status + "".join(judgement.addresses)


@given(hostile, st.integers(1, 3000))
def test_condensing_never_raises_and_never_grows(raw, limit):
    assert len(condensed(raw, limit)) <= max(limit, 0)


@given(hostile)
def test_the_parts_of_a_message_lie_in_it(raw):
    for part in mime.take_apart(raw).parts:
        assert 0 <= part.start <= len(raw)
        assert part.end <= len(raw)


@given(hostile)
def test_a_notice_never_raises(raw):
    notice = notice_from(raw)
    assert notice is None or judge_notice(notice)


@given(st.binary(max_size=500))
def test_blocks_of_fields_are_never_more_than_there_are_lines(raw):
    assert len(told((mime.fields_of(raw),))) <= 1


def nested(depth):
    return (
        b"Subject: x\n"
        + b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth))
        + b"\nhello\n"
    )


@pytest.mark.parametrize("depth", [100, 1000, 20_000])
def test_parts_in_parts_in_parts_are_not_followed_without_end(depth):
    taken = mime.take_apart(nested(depth))
    assert not taken.is_whole
    assert max(part.depth for part in taken.parts) <= mime.DEEPEST
    assert read(nested(depth)).what is Verdict.UNKNOWN


@pytest.mark.parametrize("kind", [b"message/rfc822", b"multipart/mixed; boundary=x", b"message/delivery-status"])
def test_a_chain_of_messages_in_messages_is_not_followed(kind):
    read(b"From: MAILER-DAEMON@x\n" + (b"Content-Type: " + kind + b"\n\n") * 20_000)


LARGE = 20 * 1024 * 1024


@pytest.mark.parametrize(
    "raw",
    [
        b"x" * LARGE,
        b"\n" * LARGE,
        b"\r\n" * (LARGE // 2),
        b"A: b\n" * (LARGE // 5),
        b"A:" + b" b\n" * (LARGE // 3),
        b"Content-Type: multipart/mixed; boundary=-\n\n" + b"-" * LARGE,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * (LARGE // 4),
        b'Content-Type: multipart/mixed; boundary="b"\n\n'
        + b"--b\nContent-Type: message/delivery-status\n\nAction: failed\n\n" * (LARGE // 60),
        b"Content-Type: text/plain\nFrom: MAILER-DAEMON@x\n\n" + b"<a@b.example>: " * (LARGE // 15),
        b"Content-Type: text/html\nFrom: MAILER-DAEMON@x\n\n" + b"<" * LARGE,
        b"Subject: " + b"=?utf-8?q?a?= " * (LARGE // 14) + b"\n\n",
        b"From: MAILER-DAEMON@x\nX-Failed-Recipients: " + b"<(," * (LARGE // 3) + b"\n\n",
        b"To: " + b"b+" * (LARGE // 2) + b"\n\n",
        b"Content-Type: text/plain; " + b"a=b; " * (LARGE // 5) + b"\n\n",
        nested(40) + b"x" * LARGE,
    ],
    ids=lambda raw: f"{len(raw) // 1024 // 1024} MB {raw[:30]!r}",
)
def test_20_mb_of_anything_are_read_and_made_small(raw):
    small = condensed(raw)
    assert len(small) <= LARGEST_KEPT
    read(small)


def attachment(size):
    return b"--=_b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(b"\x89" * size) + b"\n"


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_bounce_with_a_large_attachment_says_the_same_when_it_is_made_small(place):
    plain = dsn("Message-ID: <abc@x.example>\n")
    marker = b"--=_b\nContent-Type: text/plain" if place == "first" else b"--=_b--"
    large = plain.replace(marker, attachment(5_000_000) + marker, 1)
    assert len(large) > 5_000_000
    assert read(large) == read(condensed(large)) == read(plain)


@settings(max_examples=50)
@given(st.sampled_from(["utf-16", "utf-7", "no-such", "base64", "hex", "idna", "punycode", "undefined", "\0"]), st.binary(max_size=300))
def test_a_wrong_charset_costs_letters_and_nothing_else(charset, body):
    raw = b"From: MAILER-DAEMON@x\nContent-Type: text/plain; charset=" + charset.encode() + b"\n\n" + body
    read(raw)
