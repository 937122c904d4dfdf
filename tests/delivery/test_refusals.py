"""What refusals mean. The replies are in our own words, with the codes and marks that real servers use."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndication.delivery import refusals
from syndication.delivery.outcome import Stage
from syndication.delivery.refusals import Kind, Refusal, classify

KNOWN = [value for value in vars(refusals).values() if isinstance(value, Refusal)]

AT_RCPT = [
    # the mailbox or its domain does not exist
    (550, "5.1.1 <ada@example.org>: Recipient address rejected: User unknown in local table", "hard no_mailbox"),
    (550, "550 5.1.1 said another server; this one wrote the status only here", "hard no_mailbox"),
    (550, "#5.1.1 nobody of that name", "hard no_mailbox"),
    (550, "No such user here", "hard no_mailbox"),
    (550, "Unrouteable address", "hard no_mailbox"),
    (550, "Requested action not taken: mailbox unavailable", "hard no_mailbox"),
    (550, "5.2.1 The user ada is unknown", "hard no_mailbox"),
    (550, "5.4.1 Recipient address rejected: Access denied. [AB1PEPF0001.prod.example.com]", "hard no_mailbox"),
    (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; the directory has no such entry", "hard no_mailbox"),
    (550, "5.1.1 The account you wrote to is not there, see https://support.example.com/?p=NoSuchUser", "hard no_mailbox"),
    (554, "delivery error: dd This user doesn't have a example.com account (ada@example.com) [0]", "hard no_mailbox"),
    (550, "Empfänger unbekannt", "hard no_mailbox"),
    (550, "Adresse inconnue, destinataire introuvable", "hard no_mailbox"),
    (550, "El usuario no existe", "hard no_mailbox"),
    (550, "5.7.1 ada's account has been closed", "hard no_mailbox"),
    (550, "5.1.2 We cannot find that host", "hard no_domain"),
    (550, "Host unknown", "hard no_domain"),
    (556, "this domain has a null MX", "hard no_domain"),
    (521, "this machine is no mail server", "hard no_domain"),
    (550, "5.4.310 DNS domain nowhere.example does not exist", "hard no_domain"),
    (501, "5.1.3 Bad recipient address syntax", "hard bad_address"),
    (553, "not one of ours", "hard bad_address"),
    (551, "please try <b@example.net>", "hard moved"),
    (550, "5.7.17 the mailbox has another owner", "hard other_owner"),
    # temporary, or the mailbox's own trouble
    (552, "5.2.2 The inbox is out of storage space", "soft full"),
    (550, "Mailbox quota exceeded", "soft full"),
    (452, "4.2.2 Over quota", "soft full"),
    (554, "user's mailbox is full", "soft full"),
    (552, "5.3.4 Message size exceeds the fixed limit", "soft too_large"),
    (552, "5.2.3 too much for this reader", "soft too_large"),
    (550, "5.2.1 The account is disabled", "soft switched_off"),
    (550, "Account inactive", "soft switched_off"),
    (450, "4.1.1 <ada@example.org>: Recipient address rejected: unverified address", "soft no_mailbox"),
    (450, "Requested mail action not taken: mailbox unavailable", "soft no_mailbox"),
    (451, "4.3.0 Internal error", "soft busy"),
    (451, "Temporary lookup failure", "soft busy"),
    (452, "4.3.1 Insufficient system storage", "soft busy"),
    (421, "4.3.2 closing for the night", "soft busy"),
    (550, "5.4.6 mail loop", "soft unreachable"),
    (554, "5.4.7 gave up after four days", "soft expired"),
    # our fault
    (550, "5.7.26 This mail is unauthenticated: SPF and DKIM did not pass", "policy authentication"),
    (550, "5.7.515 Access denied, the domain example.org lacks the needed authentication level", "policy authentication"),
    (554, "5.7.5 Permanent error evaluating the DMARC policy", "policy authentication"),
    (550, "5.7.20 no passing signature", "policy authentication"),
    (421, "4.7.32 From is not aligned", "policy authentication"),
    (550, "5.7.25 The address 192.0.2.7 has no name", "policy reverse_dns"),
    (550, "We want a PTR record for 192.0.2.7", "policy reverse_dns"),
    (554, "Client host rejected: cannot find your hostname, [192.0.2.7]", "policy reverse_dns"),
    (450, "4.7.1 <mail.local>: Helo command rejected: Host not found", "policy helo"),
    (554, "5.7.1 Service unavailable; client [192.0.2.7] blocked using bl.example.net", "policy blocklist"),
    (550, "5.7.1 Part of their network is on our list (S3150). [192.0.2.7]", "policy blocklist"),
    (550, "5.1.1 rejected: 192.0.2.7 is listed at Spamhaus", "policy blocklist"),
    (550, "5.7.606 Access denied, 192.0.2.7 may not send", "policy blocklist"),
    (553, "5.7.1 [BL21] Connections are not accepted from 192.0.2.7", "policy blocklist"),
    (550, "Your IP address 192.0.2.7 has been temporarily blocked", "policy blocklist"),
    (550, "5.1.8 <b@nowhere.example>: Sender address rejected: Domain not found", "policy sender_address"),
    (550, "Sender verify failed", "policy sender_address"),
    (550, "5.7.1 Unable to relay for ada@example.org", "policy no_relay"),
    (554, "5.7.1 <ada@example.org>: Relay access denied", "policy no_relay"),
    (530, "5.7.0 Authentication required", "policy login"),
    (535, "wrong", "policy login"),
    (530, "5.7.0 Must issue a STARTTLS command first", "policy tls"),
    (550, "5.7.133 the group does not take mail from outside", "policy not_admitted"),
    (550, "this is a members-only list", "policy not_admitted"),
    (554, "5.7.1 <ada@example.org>: Recipient address rejected: Access denied", "policy policy"),
    (550, "5.7.0 not today", "policy policy"),
    # too fast
    (421, "4.7.28 an unusual rate of mail comes from 192.0.2.7", "rate too_fast"),
    (450, "4.2.1 The user is receiving mail at a rate that keeps more from being delivered", "soft busy"),
    (421, "4.7.0 [TSS04] Messages from 192.0.2.7 wait: unexpected volume or user complaints", "rate too_fast"),
    (451, "4.7.650 192.0.2.7 is held back because of its reputation (S775)", "rate too_fast"),
    (421, "RP-001 the limit of this address is reached", "rate too_fast"),
    (550, "5.4.5 Daily sending quota is used up", "rate too_fast"),
    (421, "Too many concurrent SMTP connections; please try again later.", "rate too_fast"),
    (550, "too many invalid recipients", "rate too_fast"),
    (452, "4.5.3 no more readers in this hour", "rate too_fast"),
    (550, "Domain frequency limited", "rate too_fast"),
    (421, "not now", "rate too_fast"),
    # greylisting
    (450, "4.2.0 <ada@example.org>: Recipient address rejected: Greylisted, come back in 300 seconds", "greylisted greylisted"),
    (451, "4.7.1 Greylisting in action", "greylisted greylisted"),
    (451, "graylisted", "greylisted greylisted"),
    (554, "greylisted", "soft greylisted"),
    # the rest
    (500, "what?", "protocol protocol"),
    (550, "5.5.2 Syntax error", "protocol protocol"),
    (553, "5.6.7 this name has letters that we cannot store", "protocol no_smtputf8"),
    (550, "no", "protocol refused"),
    (554, "", "protocol refused"),
    (451, "4.7.500 Server busy. Please try again later", "rate too_fast"),
    (421, "4.7.0 Try again later, closing connection", "rate too_fast"),
    (421, "4.7.26 Rate limited, since this mail is unauthenticated", "policy authentication"),
]


@pytest.mark.parametrize(("code", "text", "meaning"), AT_RCPT)
def test_a_refused_recipient_tells_why(code, text, meaning):
    found = classify(code, text, Stage.RCPT)
    assert f"{found.kind} {found.word}" == meaning


AT_DOT = [
    (554, "5.7.1 The message looks like spam to us", "policy spam"),
    (550, "5.7.1 likely unsolicited mail, look at https://support.example.com/?p=UnsolicitedMessageError", "policy spam"),
    (554, "Message rejected by content filter", "policy spam"),
    (554, "5.7.9 [PH01] Not accepted for policy reasons", "policy spam"),
    (554, "Transaction failed", "policy policy"),
    (554, "[TSS09] All messages from 192.0.2.7 will be permanently put off", "policy spam"),
    (550, "5.1.1 no such mailbox, seen late", "hard no_mailbox"),
    (552, "5.3.4 too large", "soft too_large"),
    (550, "5.6.0 Header field From is missing", "protocol protocol"),
    (451, "4.7.1 try later", "soft busy"),
]


@pytest.mark.parametrize(("code", "text", "meaning"), AT_DOT)
def test_a_message_that_is_refused_after_it_was_seen_tells_why(code, text, meaning):
    found = classify(code, text, Stage.DOT)
    assert f"{found.kind} {found.word}" == meaning


AT_MAIL = [
    (550, "5.1.1 unknown user", "policy sender_address"),
    (553, "not allowed", "policy sender_address"),
    (552, "that is too much", "soft too_large"),
    (530, "authenticate first", "policy login"),
    (451, "4.3.0 later", "soft busy"),
    (550, "5.3.2 not taking mail", "soft busy"),
]


@pytest.mark.parametrize(("code", "text", "meaning"), AT_MAIL)
def test_a_refused_sender_never_counts_against_the_reader_as_unknown(code, text, meaning):
    found = classify(code, text, Stage.MAIL)
    assert f"{found.kind} {found.word}" == meaning


@pytest.mark.parametrize(
    "address",
    ["spam@example.org", "blocklist@example.org", "<no-such-user@full.example.org>", "dmarc@spf.example.org", "5.1.1@example.org"],
)
def test_the_words_of_an_address_explain_nothing(address):
    assert classify(550, f"{address} no", Stage.RCPT).word == "refused"


@pytest.mark.parametrize("text", ["192.5.1.1 said no", "10.5.1.1 no", "seen by release 5.1.1.7 no", "release v5.1.1 no"])
def test_an_ip_address_or_a_release_number_is_no_status(text):
    assert classify(550, text, Stage.RCPT).word == "refused"


def test_a_reply_of_ten_thousand_lines_is_understood_by_its_beginning():
    assert classify(550, "5.1.1 no such user\n" + "550-more\n" * 10_000, Stage.RCPT).word == "no_mailbox"


@given(st.integers(-10, 1000), st.text(), st.sampled_from(Stage))
@example(550, "5.1.1 " * 5000, Stage.RCPT)
@example(550, "<" * 5000 + "@" * 5000, Stage.RCPT)
@example(450, "\x00\ud800 5.999.999", Stage.MAIL)
def test_no_reply_is_too_strange(code, text, stage):
    found = classify(code, text, stage)
    assert found.word in {one.word for one in KNOWN}


WORDS = st.sampled_from(
    [
        "5.1.1",
        "4.7.28",
        "5.7.26",
        "user",
        "unknown",
        "mailbox",
        "full",
        "spam",
        "rate",
        "greylisted",
        "disabled",
        "domain",
        "not found",
        "@",
        "<x>",
    ]
)


@given(st.integers(400, 599), st.lists(WORDS, max_size=8).map(" ".join), st.sampled_from(Stage))
def test_nothing_temporary_and_nothing_about_the_sender_is_ever_hard(code, text, stage):
    found = classify(code, text, stage)
    if code < 500 or stage is Stage.MAIL:
        assert found.kind is not Kind.HARD
    if code >= 500:
        assert found.kind is not Kind.GREYLISTED


def test_each_meaning_has_a_word_of_its_own_and_a_sentence():
    assert len({one.word for one in KNOWN}) == len(KNOWN)
    for one in KNOWN:
        assert one.word.isidentifier()
        assert one.sentence.endswith(".")


@pytest.mark.parametrize(("code", "text", "counts"), [(550, "5.1.1", True), (452, "4.2.2", True), (550, "5.7.26", False), (421, "", False)])
def test_only_what_is_about_the_mailbox_counts_against_the_reader(code, text, counts):
    assert classify(code, text, Stage.RCPT).is_about_reader is counts
