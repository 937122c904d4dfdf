"""HTTP statuses in the terms of SMTP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.esp.errors import EspError, LostAfterRequest, ServerAway
from syndication.delivery.esp.statuses import answer_to, said_in
from syndication.delivery.outcome import Stage
from syndication.delivery.refusals import Kind, classify

CLEAR = [
    (422, '{"message": "Invalid `to` field. Write it as an address."}', "end: 550 RCPT"),
    (400, '{"code": "invalid_parameter", "message": "email is not valid in to"}', "550 RCPT"),
    (422, '{"message": "the recipient has unsubscribed"}', "550 RCPT"),
    (422, '{"message": "The html is odd"}', "554 MAIL"),
    (413, "", "552 end of message"),
    (429, '{"message": "slow"}', "421 MAIL"),
    (500, "oops", "451 end of message"),
    (503, "<html>later</html>", "451 end of message"),
    (408, "", "451 end of message"),
    (409, '{"name": "concurrent_idempotent_requests"}', "451 end of message"),
    (400, '{"code": "duplicate_parameter", "message": "key known"}', "250 end of message"),
]


@pytest.mark.parametrize(("status", "body", "meaning"), CLEAR)
def test_a_clear_status_is_an_answer(status, body, meaning):
    answer = answer_to(status, body)
    assert f"{answer.code} {answer.stage}" == meaning.removeprefix("end: ")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, "{}"),
        (402, "pay"),
        (403, '{"message": "the domain is not verified"}'),
        (404, "no such API"),
        (302, ""),
        (422, '{"Message": "Invalid \'From\' address"}'),
        (422, '{"Message": "This account may not send before its approval"}'),
        (400, '{"message": "no credits left"}'),
    ],
)
def test_what_is_about_the_account_marks_no_reader(status, body):
    with pytest.raises(ServerAway):
        answer_to(status, body)


@pytest.mark.parametrize(("status", "body"), [(502, ""), (504, ""), (409, '{"name": "invalid_idempotent_request"}')])
def test_what_a_gateway_or_a_reused_key_says_is_doubt(status, body):
    with pytest.raises(LostAfterRequest):
        answer_to(status, body)


def test_a_rate_limit_is_understood_as_one_and_says_how_long():
    answer = answer_to(429, "{}", retry_after="7")
    assert "again in 7 s" in answer.text
    assert classify(answer.code, answer.text, answer.stage).kind is Kind.RATE


def test_the_words_of_nested_json_become_one_clean_line():
    assert said_in('{"errors": [{"message": "no\\n\\u001b[31m", "code": 7, "fatal": true}]}') == "no [31m 7"


@given(st.integers(300, 599), st.text())
def test_no_answer_is_too_strange(status, body):
    try:
        answer = answer_to(status, body)
    except EspError:
        return
    assert answer.code >= 400 or "duplicate_parameter" in body.lower()
    assert answer.stage in Stage


def test_json_that_is_nested_without_end_is_read_as_text():
    assert said_in("[" * 100_000).startswith("[[[")
