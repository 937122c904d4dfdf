"""One request after the other to a provider that answers as told, on this machine."""

import pytest
from support.providers import CUT, HANG, Deaf

from syndication.delivery.esp.connection import Connection
from syndication.delivery.esp.errors import LostAfterRequest, LostBeforeRequest, ServerAway
from syndication.delivery.outcome import Stage
from syndication.delivery.parcel import Parcel

pytestmark = pytest.mark.parametrize("name", ["postmark", "resend"])
SHORT = 0.3  # seconds of patience with a provider that hangs


@pytest.fixture
def connect():
    """Opens connections that wait as long as a slow machine may take."""
    made = []

    def make(account, answer_seconds=30):
        made.append(Connection(account, answer_seconds=answer_seconds))
        return made[-1]

    yield make
    for connection in made:
        connection.close()


def headers_of(told: dict, name: str) -> dict[str, str]:
    return told["headers"] if name == "resend" else {one["Name"]: one["Value"] for one in told["Headers"]}


def test_a_message_is_handed_over_and_the_answer_names_it(connect, account, provider, parcel, name):
    answer = connect(account(name)).deliver(parcel("ada@example.org"))
    assert (answer.stage, answer.code) == (Stage.DOT, 250)
    assert "0b8e3d1a-0000-4c1e-9f00-1234567890ab" in answer.text
    (request,) = provider.requests
    told = {key.lower(): value for key, value in request.told.items()}
    assert told["subject"] == "A pond in a bucket, for Ada"
    assert told["to"] in ("Ada Example <ada@example.org>", ["Ada Example <ada@example.org>"])
    assert told["from"].endswith("<mara@garden.example>")
    assert "Hello Ada, a bucket" in (told.get("text") or told["textbody"])
    assert "<!DOCTYPE html>" in (told.get("html") or told["htmlbody"])
    headers = headers_of(request.told, name)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith("<https://garden.example/u/T0kenOfAda/>")
    assert "Date" not in headers
    assert headers.get("Message-ID") == ("<m.0f4a.1@garden.example>" if name == "postmark" else None)
    assert "geheim" in str(request.headers)


def test_opens_and_clicks_are_not_counted(connect, account, provider, parcel, name):
    connect(account(name)).deliver(parcel("ada@example.org"))
    (request,) = provider.requests
    if name == "postmark":
        assert (request.told["TrackOpens"], request.told["TrackLinks"]) == (False, "None")
    else:
        assert not any("track" in key.lower() for key in request.told)


def test_one_connection_carries_many_messages(connect, account, provider, parcel, name):
    connection = connect(account(name))
    for number in range(5):
        assert connection.deliver(parcel(f"r{number}@example.org")).code == 250
    assert len({request.port for request in provider.requests}) == 1


def test_a_refused_recipient_is_refused_and_the_next_one_is_not(connect, account, provider, parcel, name):
    refusals = {"postmark": {"ErrorCode": 406, "Message": "Found inactive addresses: ada@example.org. Inactive recipients are ones…"}}
    provider.answer(422, refusals.get(name, {"name": "validation_error", "message": "Invalid `to` field."}))
    connection = connect(account(name))
    answer = connection.deliver(parcel("ada@example.org"))
    assert (answer.stage, answer.code) == (Stage.RCPT, 550)
    assert connection.deliver(parcel("bob@example.org")).code == 250


def test_a_rate_limit_is_temporary_and_says_how_long(connect, account, provider, parcel, name):
    provider.answer(429, {"message": "slow down"}, Retry_After="7")
    connection = connect(account(name))
    assert connection.deliver(parcel("ada@example.org")).code == 421
    assert connection.retry_after_seconds == 7
    assert connection.deliver(parcel("ada@example.org")).code == 250
    assert connection.retry_after_seconds == 0


def test_a_broken_provider_is_temporary(connect, account, provider, parcel, name):
    provider.answer(500, {"message": "oops"})
    assert connect(account(name)).deliver(parcel("ada@example.org")).code == 451


def test_a_wrong_key_is_a_server_that_is_away_and_its_words_are_told(connect, account, provider, parcel, name):
    provider.answer(401, {"message": "key unknown"})
    with pytest.raises(ServerAway, match=rf"{name} \(HTTP\) answered 401: key unknown"):
        connect(account(name)).deliver(parcel("ada@example.org"))


def test_a_redirect_is_not_followed(connect, account, provider, parcel, name):
    provider.answer(302, {}, Location=provider.url)
    with pytest.raises(ServerAway, match="redirects"):
        connect(account(name)).deliver(parcel("ada@example.org"))
    assert len(provider.requests) == 1


def test_silence_after_the_request_is_doubt(connect, account, provider, parcel, name):
    provider.misbehave(HANG)
    with pytest.raises(LostAfterRequest):
        connect(account(name), SHORT).deliver(parcel("ada@example.org"))


def test_a_connection_cut_after_the_request_is_doubt(connect, account, provider, parcel, name):
    provider.misbehave(CUT)
    with pytest.raises(LostAfterRequest):
        connect(account(name)).deliver(parcel("ada@example.org"))


@pytest.mark.parametrize("body", [b"<html>Sign in to the network</html>", b"", b'"ok"', b"[]"])
def test_a_success_without_a_receipt_is_doubt(connect, account, provider, parcel, name, body):
    provider.answer(200, body)
    with pytest.raises(LostAfterRequest):
        connect(account(name)).deliver(parcel("ada@example.org"))


def test_a_closed_port_is_a_server_that_is_away(connect, account, closed_url, parcel, name):
    with pytest.raises(ServerAway, match="cannot be reached"):
        connect(account(name, api=closed_url)).deliver(parcel("ada@example.org"))


def test_a_connection_reset_while_the_request_is_written_is_no_doubt(connect, account, parcel, name):
    deaf = Deaf()
    try:
        large = parcel("ada@example.org").message[0].replace(b"Hello=20=\r\n", b"x" * 70 + b"=\r\n" + (b"y" * 70 + b"\r\n") * 200_000, 1)
        with pytest.raises(LostBeforeRequest):
            connect(account(name, api=deaf.url)).deliver(Parcel("b@example.org", "ada@example.org", (large,)))
    finally:
        deaf.stop()


def test_a_message_that_cannot_be_told_apart_is_refused_without_a_request(connect, account, provider, name):
    answer = connect(account(name)).deliver(Parcel("b@example.org", "ada@example.org", (b"Subject: x\r\n\r\nx\r\n",)))
    assert (answer.stage, answer.code) == (Stage.MAIL, 554)
    assert provider.requests == []


@pytest.mark.parametrize(
    "recipient", ["nobody", "a@example.org, b@example.org", "Ada <a@example.org>", "a@b@example.org", "a b@example.org", ""]
)
def test_what_is_not_one_address_is_refused_without_a_request(connect, account, provider, parcel, name, recipient):
    assert connect(account(name)).deliver(parcel(recipient)).code == 554
    assert provider.requests == []


def test_a_message_is_told_the_same_way_twice(connect, account, provider, parcel, name):
    connection = connect(account(name))
    for _ in range(2):
        connection.deliver(parcel("ada@example.org"))
    first, second = provider.requests
    assert first.told == second.told


def test_after_doubt_the_same_key_goes_along_and_reaches_the_reader_once_where_the_provider_knows_it(
    connect, account, provider, parcel, name
):
    provider.misbehave(CUT, takes=True)
    connection = connect(account(name))
    with pytest.raises(LostAfterRequest):
        connection.deliver(parcel("ada@example.org"))
    assert connection.deliver(parcel("ada@example.org")).code == 250
    keys = {request.headers.get("idempotency-key") for request in provider.requests}
    assert keys == ({"<m.0f4a.1@garden.example>"} if name == "resend" else {None})
    assert len(provider.taken) == (1 if name == "resend" else 2)
