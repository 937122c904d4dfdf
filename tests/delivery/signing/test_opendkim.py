"""OpenDKIM's own library says the same as dkimpy; it is the verifier of many a receiver."""

import pytest
from support.dkim_verifiers import HAS_OPENDKIM, WITHOUT_OPENDKIM, by_opendkim, records_of

pytestmark = pytest.mark.skipif(not HAS_OPENDKIM, reason=WITHOUT_OPENDKIM)


@pytest.fixture
def verdicts(both_keys, tmp_path):
    return lambda message: by_opendkim(message, records_of(both_keys), tmp_path)


def test_it_verifies_both_signatures(mail, both_keys, verdicts):
    assert verdicts(mail.signed(both_keys)) == ["r1 pass", "e1 pass"]


def test_it_verifies_headers_that_a_relay_folded_anew(mail, both_keys, verdicts):
    refolded = mail.signed(both_keys).replace(b"To: Ada Example <", b"TO :   Ada\r\n\tExample  <")
    assert verdicts(b"Received: from a by b\r\n" + refolded) == ["r1 pass", "e1 pass"]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"Hello Ada", b"Hello Eve"),
        (b"Ein_Teich", b"Kein_Teich"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=No"),
        (b"Received: from a by b", b"From: Eve <eve@example.com>"),
        (b"Received: from a by b", b"Subject: Buy"),
        (b"Received: from a by b", b"Reply-To: eve@example.com"),
    ],
)
def test_it_refuses_what_was_changed_or_added(mail, both_keys, verdicts, was, becomes):
    signed = b"Received: from a by b\r\n" + mail.signed(both_keys)
    assert verdicts(signed) == ["r1 pass", "e1 pass"]
    assert not any(verdict.endswith("pass") for verdict in verdicts(signed.replace(was, becomes)))


@pytest.mark.parametrize("body", [b"", b"no line end", b"text\r\n\r\n\r\n"])
def test_it_agrees_about_the_end_of_a_body(mail, both_keys, verdicts, body):
    from dataclasses import replace

    assert verdicts(replace(mail, body=body).signed(both_keys)) == ["r1 pass", "e1 pass"]
