"""Replies are put together from any pieces, and what is none is refused with little memory."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.wire.replies import LONGEST_LINE, MOST_LINES, Garbage, Replies


def replies_to(*pieces):
    replies = Replies()
    found = []
    for piece in pieces:
        replies.push(piece)
        while (reply := replies.next()) is not None:
            found.append((reply.code, reply.text))
    return found


def test_a_reply_of_one_line_is_its_code_and_its_text():
    assert replies_to(b"250 2.0.0 Ok: queued as 4F\r\n") == [(250, "2.0.0 Ok: queued as 4F")]


def test_a_reply_of_many_lines_is_one_text_with_its_enhanced_code_once():
    assert replies_to(b"550-5.7.1 Not\r\n550-5.7.1 wanted\r\n550 5.7.1 here\r\n") == [(550, "5.7.1 Not wanted here")]


def test_a_code_alone_and_a_bare_line_feed_are_understood():
    assert replies_to(b"250\r\n", b"251 ok\n", b"250-a\n250\n") == [(250, ""), (251, "ok"), (250, "a")]


def test_a_reply_comes_in_pieces_of_one_byte():
    assert replies_to(*[bytes([byte]) for byte in b"250-a\r\n250 b\r\n354 go\r\n"]) == [(250, "a b"), (354, "go")]


def test_eight_bit_and_control_characters_become_clean_text():
    assert replies_to("250 schön\x1b[31m \u202egut\x00\r\n".encode() + b"550 \xff\xfe no\r\n") == [(250, "schön [31m gut"), (550, "�� no")]


def test_a_text_is_kept_to_300_characters():
    assert len(replies_to(b"250 " + b"x" * 2000 + b"\r\n")[0][1]) == 300


def test_last_digits_may_vary_within_a_reply_but_not_its_class():
    assert replies_to(b"550-no\r\n554 never\r\n") == [(554, "no never")]
    with pytest.raises(Garbage, match="contradicts itself"):
        replies_to(b"250-yes\r\n550 no\r\n")


@pytest.mark.parametrize(
    "rubbish",
    [b"hello\r\n", b"\r\n", b"2\r\n", b"250x\r\n", b"650 no\r\n", b"150 no\r\n", b"\xff\xfe\xfd \r\n", b"HTTP/1.1 400 Bad Request\r\n"],
)
def test_what_is_no_reply_is_refused_and_shown(rubbish):
    with pytest.raises(Garbage, match="no SMTP reply"):
        replies_to(rubbish)


def test_a_reply_of_ten_thousand_lines_is_refused_after_200():
    replies = Replies()
    replies.push(b"250-line\r\n" * 10_000)
    with pytest.raises(Garbage, match="more than 200 lines"):
        replies.next()
    assert len(replies._lines) == MOST_LINES + 1


def test_a_line_without_an_end_is_refused_after_four_kilobytes():
    replies = Replies()
    replies.push(b"2" * LONGEST_LINE)
    assert replies.next() is None
    replies.push(b"2")
    with pytest.raises(Garbage, match="more than 4096 bytes"):
        replies.next()


@given(st.binary(max_size=300))
def test_whatever_comes_is_a_reply_or_garbage_and_nothing_else(noise):
    with contextlib.suppress(Garbage):
        assert all(200 <= code < 600 and text.isprintable() and len(text) <= 300 for code, text in replies_to(noise))
