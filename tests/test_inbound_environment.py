"""Where returned mail is taken from: each slip in a setting names itself."""

import pytest

from syndication.environment import SettingError
from syndication.inbound_environment import Listen, listen, mailbox, webhook_secret


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("127.0.0.1:8026", Listen("127.0.0.1", 8026)),
        ("lmtp://127.0.0.1:8024", Listen("127.0.0.1", 8024, is_lmtp=True)),
        ("[::1]:8026", Listen("::1", 8026)),
        ("OFF", Listen()),
    ],
)
def test_an_address_to_listen_on(text, wanted):
    assert listen(text) == wanted
    assert listen(str(wanted)) == wanted


@pytest.mark.parametrize(
    "text", ["8026", "127.0.0.1", "http://127.0.0.1:80", "127.0.0.1:x", "127.0.0.1:8026/x", "127.0.0.1:99999", "u@127.0.0.1:8026"]
)
def test_a_wrong_address_to_listen_on_names_the_setting(text):
    with pytest.raises(SettingError, match="SYNDICATION_BOUNCE_LISTEN"):
        listen(text)


def test_no_mailbox_is_no_mailbox():
    assert mailbox("") is None


@pytest.mark.parametrize(
    ("url", "port", "tls", "done", "folder"),
    [
        ("imaps://u:p@mail.example.org", 993, "implicit", "seen", "INBOX"),
        ("imaps://u%40x:p@mail.example.org/Bounces?done=move&folder=Read", 993, "implicit", "move", "Bounces"),
        ("imap://u:p@mail.example.org", 143, "starttls", "seen", "INBOX"),
        ("imap://u:p@127.0.0.1:1143", 1143, "none", "seen", "INBOX"),
        ("pop3s://u:p@mail.example.org", 995, "implicit", "delete", "INBOX"),
        ("pop3://u:p@mail.example.org", 110, "starttls", "delete", "INBOX"),
    ],
)
def test_a_mailbox(url, port, tls, done, folder):
    box = mailbox(url)
    assert (box.port, box.tls, box.done, box.folder) == (port, tls, done, folder)


@pytest.mark.parametrize(
    "url",
    [
        "https://u:p@h",
        "imaps://h/INBOX",
        "imaps://u@h",
        "imaps://u:p@h?done=move",
        "imaps://u:p@h?done=burn",
        "imaps://u:p@h?x=y",
        "pop3s://u:p@h?done=seen",
        "imaps://u:p@h?ca=/no/such/file",
        "imaps://u:p@h:x",
    ],
)
def test_a_wrong_mailbox_names_the_setting_and_not_the_password(url):
    with pytest.raises(SettingError, match="SYNDICATION_BOUNCE_MAILBOX") as caught:
        mailbox(url.replace(":p@", ":sesame-open@"))
    assert "sesame-open" not in str(caught.value)


def test_a_mailboxs_password_is_in_no_text_about_it():
    assert "sesame-open" not in f"{mailbox('imaps://u:sesame-open@h')!r} {mailbox('imaps://u:sesame-open@h')}"


@pytest.mark.parametrize("text", ["secret", "user:short", ":long-enough-password", "user:päss-long-enough"])
def test_a_webhook_secret_that_can_be_guessed_is_refused_and_not_shown(text):
    with pytest.raises(SettingError, match="SYNDICATION_WEBHOOK_SECRET") as caught:
        webhook_secret(text)
    assert text not in str(caught.value)


def test_a_webhook_secret():
    assert webhook_secret("") == ""
    assert webhook_secret("hook:0123456789abc") == "hook:0123456789abc"
