"""Caught mail: every message that this copy sent."""

import os
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.staff import signed_in

from syndication.web.studio import caught

pytestmark = [pytest.mark.django_db]


@pytest.fixture(autouse=True)
def maildir(settings, tmp_path):
    settings.CAUGHT_MAIL, settings.MAIL_CATCHER_ON = tmp_path / "mail", True
    for folder in ("new", "cur", "tmp"):
        (settings.CAUGHT_MAIL / folder).mkdir(parents=True)
    return settings.CAUGHT_MAIL


def a_message(subject="Rain", to="rosa@example.org", html='<p>It <a href="https://example.org/r">rained</a>.</p>') -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "Ada <ada@example.org>", to
    message.set_content("It rained.")
    message.add_alternative(html, subtype="html")
    return bytes(message)


def catch(maildir, name="1700000000.M1P1Q1.host", content=None, *, at=1_700_000_000, folder="new"):
    path = maildir / folder / name
    path.write_bytes(a_message() if content is None else content)
    os.utime(path, (at, at))
    return path


def words_of(answer) -> str:
    return answer.content.decode()


def test_an_empty_inbox_says_what_it_is_for():
    assert "Nothing has been sent yet" in words_of(signed_in().get("/inbox/"))


def test_an_inbox_that_was_never_made_is_empty(settings, tmp_path):
    settings.CAUGHT_MAIL = tmp_path / "nothing here"
    assert "Nothing has been sent yet" in words_of(signed_in().get("/inbox/"))


def test_there_is_no_inbox_while_mail_leaves(settings):
    settings.MAIL_CATCHER_ON = False
    assert signed_in().get("/inbox/").status_code == 404
    assert "Caught mail" not in words_of(signed_in().get("/studio/"))


def test_the_newest_message_stands_first(maildir):
    catch(maildir, "2.a", a_message("Older"), at=1_700_000_000)
    catch(maildir, "1.b", a_message("Newer"), at=1_700_000_001)
    page = words_of(signed_in().get("/inbox/"))
    assert page.index("Newer") < page.index("Older")


def test_a_page_holds_fifty_messages(maildir):
    for number in range(60):
        catch(maildir, f"{number}.host", a_message(f"Subject {number:02}"), at=1_700_000_000 + number)
    first, second = (words_of(signed_in().get(f"/inbox/?page={page}")) for page in (1, 2))
    assert "Subject 59" in first
    assert "Subject 10" in first
    assert "Subject 09" not in first
    assert "Subject 09" in second


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999999999", "٣", ""])
def test_a_page_number_that_is_none_is_no_error(maildir, page):
    catch(maildir)
    assert signed_in().get("/inbox/", {"page": page}).status_code == 200


@pytest.mark.parametrize("sought", ["ROSA@", "rain", "ada@example"])
def test_a_message_is_found_by_recipient_subject_and_sender(maildir, sought):
    catch(maildir)
    catch(maildir, "2.host", a_message("Snow", "otto@example.org").replace(b"ada@", b"eva@"))
    page = words_of(signed_in().get("/inbox/", {"q": sought}))
    assert "rosa@example.org" in page
    assert "otto@example.org" not in page


def test_an_encoded_subject_is_found_and_shown_as_words(maildir):
    catch(maildir, content=a_message("Öl für alle"))
    assert "Öl für alle" in words_of(signed_in().get("/inbox/", {"q": "öl FÜR"}))


def test_a_search_without_a_find_says_so(maildir):
    catch(maildir)
    assert "No caught message has" in words_of(signed_in().get("/inbox/", {"q": "<nothing>"}))


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("html", "<iframe"),
        ("text", "It rained."),
        ("headers", "Ada &lt;ada@"),
        ("links", "https://example.org/r"),
        ("source", "MIME-Version"),
    ],
)
def test_a_message_is_shown_in_every_form(maildir, view, words):
    catch(maildir)
    assert words in words_of(signed_in().get(f"/inbox/1700000000.M1P1Q1.host/?view={view}"))


def test_the_html_of_a_message_can_run_nothing(maildir):
    catch(maildir, content=a_message(html="<script>alert(1)</script><p>Hello</p>"))
    answer = signed_in().get("/inbox/1700000000.M1P1Q1.host/html/")
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy


def test_the_download_is_the_exact_file(maildir):
    catch(maildir)
    answer = signed_in().get("/inbox/1700000000.M1P1Q1.host/message.eml")
    assert answer.content == a_message_of(maildir)
    assert answer.headers["Content-Disposition"].startswith("attachment")


def a_message_of(maildir) -> bytes:
    return next((maildir / "new").iterdir()).read_bytes()


def test_a_message_that_a_mail_reader_has_opened_is_found_under_its_old_name(maildir):
    catch(maildir, "1700000000.M1P1Q1.host:2,S", folder="cur")
    assert "Rain" in words_of(signed_in().get("/inbox/1700000000.M1P1Q1.host/"))


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "%2e%2e",
        "..%2fsecret",
        "%2e%2e%2f%2e%2e%2fsecret_key",
        "..%5csecret",
        "secret",
        ".hidden",
        "%00",
        "a%00b",
        "*",
        "x" * 300,
        "link",
    ],
)
def test_no_name_opens_a_file_outside_of_the_inbox(maildir, name):
    secret = maildir.parent / "secret"
    secret.write_text("Subject: the secret\n\nkey")
    (maildir / "new" / ".hidden").write_text("Subject: the secret\n\nkey")
    (maildir / "new" / "link").symlink_to(secret)
    catch(maildir)
    for end in ("", "html/", "message.eml"):
        answer = signed_in().get(f"/inbox/{name}/{end}")
        assert answer.status_code in {301, 400, 404}
        assert b"the secret" not in answer.content


def test_a_name_that_is_no_text_is_left_out(maildir):
    catch(maildir)
    (maildir / "new" / os.fsdecode(b"\xff\xfe")).write_bytes(a_message("Odd name"))
    answer = signed_in().get("/inbox/")
    assert answer.status_code == 200
    assert "Odd name" not in words_of(answer)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"Subject: =?utf-8?b?////?=\n\nx",
        b"Subject: =?nonsense?q?x?=\nContent-Type: text/html; charset=nonsense\n\n\xff",
        b"Subject: \xe4\xf6\nContent-Type: multipart/alternative\n\nx",
        b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n!!!",
        b"Content-Type: message/rfc822\n\nSubject: x\n\ny",
    ],
)
def test_a_broken_message_is_shown_as_well_as_it_can_be(maildir, content):
    catch(maildir, content=content)
    for view in ("html", "text", "headers", "links", "source", "nonsense"):
        assert signed_in().get(f"/inbox/1700000000.M1P1Q1.host/?view={view}").status_code == 200
    assert signed_in().get("/inbox/?q=x").status_code == 200


def test_a_dangerous_link_is_shown_but_cannot_be_pressed(maildir):
    catch(maildir, content=a_message(html='<a href="javascript:alert(1)">x</a>'))
    page = words_of(signed_in().get("/inbox/1700000000.M1P1Q1.host/?view=links"))
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page


@given(st.binary(max_size=400))
def test_whatever_the_bytes_are_something_readable_comes_out(raw):
    read = caught.read(raw)
    assert all(isinstance(value, str) for _, value in read.headers)
    read.html.encode()
    read.text.encode()
    caught.summary_of(raw)


@given(
    st.lists(
        st.sampled_from(
            [
                b"Subject: ",
                b"=?utf-8?q?",
                b"?=",
                b"\n",
                b"Content-Type: text/html; charset=",
                b'"',
                b"utf-7",
                b"\xff",
                b"base64",
                b"--x",
                b"Content-Transfer-Encoding: ",
            ]
        )
    )
)
def test_whatever_pieces_of_mail_are_thrown_together_something_readable_comes_out(pieces):
    read = caught.read(b"".join(pieces))
    (read.summary.subject + read.html + read.text).encode()
