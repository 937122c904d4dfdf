"""From the greeting to the first MAIL: what is said, what is refused, and that nothing goes out in clear that should not."""

import base64

import pytest

from syndication.delivery.wire.introduction import Introduction, ServerAway
from syndication.environment import SmtpAddress, smtp

GREETING = b"220 mail.example.org ESMTP\r\n"
EHLO = b"EHLO news.example.org\r\n"


def introduce(url="smtp://mail.example.org", *heard):
    """The introduction after it heard all this, and what it said to each."""
    introduction = Introduction(smtp(url), "news.example.org")
    return introduction, [introduction.hear(one) for one in heard]


def offering(*names):
    return b"".join(b"250-%b\r\n" % one.encode() for one in ("mail.example.org", *names[:-1])) + b"250 %b\r\n" % names[-1].encode()


def why_not(url, *heard):
    with pytest.raises(ServerAway) as caught:
        introduce(url, *heard)
    return str(caught.value)


def test_the_extensions_that_matter_are_read():
    introduction, said = introduce(
        "smtp://mail.example.org", GREETING, offering("PIPELINING", "size 1000", "Chunking", "SMTPUTF8", "AUTH PLAIN X-Y")
    )
    assert said == [EHLO, b""]
    assert introduction.is_done
    offers = introduction.offers
    assert (offers.pipelining, offers.size, offers.chunking, offers.smtputf8, offers.starttls) == (True, True, True, True, False)


def test_a_server_without_extensions_is_greeted_the_old_way():
    introduction, said = introduce("smtp://mail.example.org", GREETING, b"502 5.5.1 what?\r\n", b"250 hello\r\n")
    assert said == [EHLO, b"HELO news.example.org\r\n", b""]
    assert introduction.is_done
    assert not introduction.offers.pipelining


def test_lmtp_says_lhlo():
    assert introduce("lmtp://mail.example.org", GREETING)[1] == [b"LHLO news.example.org\r\n"]


@pytest.mark.parametrize("greeting", [b"421 4.3.2 too busy\r\n", b"554 5.7.1 go away\r\n", b"250 odd\r\n"])
def test_a_bad_greeting_sends_us_away_with_its_words(greeting):
    assert greeting.decode().strip() in why_not("smtp://mail.example.org", greeting)


def test_garbage_for_a_greeting_sends_us_away():
    assert "no SMTP reply: 'SSH-2.0-x'" in why_not("smtp://mail.example.org", b"SSH-2.0-x\r\n")


def test_a_refused_name_sends_us_away():
    assert "550" in why_not("smtp://mail.example.org", GREETING, b"550 no\r\n", b"550 no\r\n")
    assert "421" in why_not("smtp://mail.example.org", GREETING, b"421 no\r\n")


def test_a_server_that_says_more_than_was_asked_is_left():
    assert "more than we asked" in why_not("smtp://mail.example.org", GREETING, offering("SIZE") + b"250 surprise\r\n")


# ---------------------------------------------------------------------- TLS
def test_starttls_comes_before_everything_else_and_the_introduction_begins_anew():
    introduction, said = introduce(
        "smtp://u:p@mail.example.org?tls=starttls", GREETING, offering("STARTTLS", "AUTH PLAIN", "PIPELINING"), b"220 go\r\n"
    )
    assert said == [EHLO, b"STARTTLS\r\n", b""]
    assert introduction.wants_tls
    assert introduction.tls_started() == EHLO
    assert introduction.hear(offering("AUTH PLAIN")).startswith(b"AUTH PLAIN ")
    assert not introduction.offers.pipelining, "what was offered in clear counts no more"


def test_what_came_in_clear_before_tls_is_dropped():
    introduction, _ = introduce(
        "smtp://mail.example.org?tls=starttls", GREETING, offering("STARTTLS"), b"220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n"
    )
    introduction.tls_started()
    assert not introduction.is_done
    introduction.hear(offering("SIZE"))
    assert introduction.is_done
    assert not introduction.offers.auth


@pytest.mark.parametrize(
    "answers", [(offering("SIZE"),), (offering("STARTTLS"), b"454 4.7.0 not now\r\n"), (b"502 what?\r\n", b"250 old\r\n")]
)
def test_without_tls_nothing_goes_out_in_clear(answers):
    why = why_not("smtp://u:geheim@mail.example.org?tls=starttls", GREETING, *answers)
    assert "STARTTLS" in why
    assert "nothing was sent in clear" in why


# ---------------------------------------------------------------------- AUTH
def test_plain_is_taken_where_it_is_offered():
    introduction, said = introduce("smtps://me:p%C3%A4ss@mail.example.org", GREETING, offering("AUTH LOGIN PLAIN"), b"235 ok\r\n")
    assert said[1] == b"AUTH PLAIN " + base64.b64encode("\0me\0päss".encode()) + b"\r\n"
    assert introduction.is_done


def test_login_is_taken_where_plain_is_not_offered():
    introduction, said = introduce(
        "smtps://me:pass@mail.example.org",
        GREETING,
        offering("AUTH=LOGIN"),
        b"334 VXNlcm5hbWU6\r\n",
        b"334 UGFzc3dvcmQ6\r\n",
        b"235 ok\r\n",
    )
    assert said[1:4] == [b"AUTH LOGIN\r\n", base64.b64encode(b"me") + b"\r\n", base64.b64encode(b"pass") + b"\r\n"]
    assert introduction.is_done


def test_xoauth2_is_taken_when_the_url_says_so():
    introduction, said = introduce(
        "smtps://me:token@mail.example.org?auth=xoauth2", GREETING, offering("AUTH PLAIN XOAUTH2"), b"235 ok\r\n"
    )
    assert base64.b64decode(said[1].split()[2]) == b"user=me\x01auth=Bearer token\x01\x01"
    assert introduction.is_done


def test_xoauth2_hears_the_refusal_that_stands_behind_a_challenge():
    introduction, said = introduce("smtps://me:token@mail.example.org?auth=xoauth2", GREETING, offering("AUTH XOAUTH2"), b"334 eyJ9\r\n")
    assert said[2] == b"\r\n"
    with pytest.raises(ServerAway, match=r"535 5\.7\.8 expired"):
        introduction.hear(b"535 5.7.8 expired\r\n")


@pytest.mark.parametrize("challenge", [b"334 one\r\n", b"535 5.7.8 wrong\r\n", b"454 4.7.0 later\r\n"])
def test_a_wrong_password_sends_us_away_and_is_not_shown(challenge):
    why = why_not("smtps://me:geheim@mail.example.org", GREETING, offering("AUTH PLAIN"), challenge)
    assert "refused the user name or password" in why
    assert "geheim" not in why


def test_a_server_without_a_known_way_of_auth_is_left():
    assert "it offers CRAM-MD5 of the ways of AUTH" in why_not("smtps://me:p@mail.example.org", GREETING, offering("AUTH CRAM-MD5"))
    assert "we need XOAUTH2" in why_not("smtps://me:p@mail.example.org?auth=xoauth2", GREETING, offering("AUTH PLAIN"))


def test_a_password_goes_in_clear_only_to_this_machine_or_when_the_url_allows_it():
    why = why_not("smtp://me:geheim@mail.example.org", GREETING, offering("AUTH PLAIN"))
    assert "clear_password=yes" in why
    for url in ("smtp://me:p@127.0.0.1", "smtp://me:p@[::1]", "smtp://me:p@localhost", "smtp://me:p@mail.example.org?clear_password=yes"):
        assert introduce(url, GREETING, offering("AUTH PLAIN"))[1][1].startswith(b"AUTH PLAIN ")


def test_an_address_shows_no_password():
    assert "geheim" not in repr(SmtpAddress("mail.example.org", 25, "me", "geheim"))
