"""What another newsletter program left in a text is known by its form, and nothing else is taken for it."""

import json
from base64 import urlsafe_b64encode

import pytest

from syndication.articles.cleaning import clean
from syndication.articles.newsletter_leftovers import direct, is_personal, is_pixel, is_redirect, merge_tags_in

TARGET = "https://pond.example/a?b=1"
CODED = urlsafe_b64encode(TARGET.encode()).decode()
SUBSTACK = urlsafe_b64encode(json.dumps({"e": TARGET}).encode()).decode().rstrip("=")
MANDRILL = urlsafe_b64encode(json.dumps({"p": json.dumps({"url": TARGET})}).encode()).decode()


@pytest.mark.parametrize(
    "wrapped",
    [
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fpond.example%2Fa%3Fb%3D1&data=05",
        "https://www.google.com/url?q=https%3A%2F%2Fpond.example%2Fa%3Fb%3D1&sa=D",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fpond.example%2Fa%3Fb%3D1&h=x",
        f"https://substack.com/redirect/2/{SUBSTACK}.sig",
        f"https://click.convertkit-mail2.com/abc/def/{CODED}",
        f"https://mandrillapp.com/track/click/1/pond.example?p={MANDRILL}",
        "https://abc.r.us-east-1.awstrack.me/L0/https:%2F%2Fpond.example%2Fa%3Fb=1/1/01/sig",
        f"{TARGET}&mc_eid=abc",
        TARGET,
    ],
)
def test_a_redirect_that_tells_its_target_is_undone(wrapped):
    assert direct(wrapped) == TARGET


@pytest.mark.parametrize(
    "counted",
    [
        "https://garden.us1.list-manage.com/track/click?u=1&id=2&e=3",
        "https://u123.ct.sendgrid.net/ls/click?upn=abc",
        "https://links.garden.example/ls/click?upn=abc",
        "https://substack.com/redirect/8f1c3a2b-1111-2222-3333-444455556666?j=eyJ1",
        "https://garden.example/r/0a1b2c3d?m=8f1c3a2b-1111-2222-3333-444455556666",
        "https://email.mg1.substack.com/c/eJxVkE1",
        "https://track.customer.io/e/c/eyJ",
        "https://garden.cmail20.com/t/j-l-abc/",
    ],
)
def test_a_redirect_that_only_its_tracker_knows_leads_nowhere(counted):
    assert is_redirect(counted)
    assert direct(counted) == ""


@pytest.mark.parametrize(
    "plain",
    [
        "https://garden.example/r/0a1b2c3d",
        "https://garden.example/?utm_source=letter&utm_medium=email",
        "https://mailchi.mp/garden/spring",
        "https://garden.substack.com/p/pond",
        "mailto:a@garden.example",
        "#part",
        "https://[broken",
    ],
)
def test_an_address_for_everybody_stays(plain):
    assert direct(plain) == plain
    assert not is_personal(plain)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://garden.us1.list-manage.com/unsubscribe?u=1&id=2", ""),
        ("https://garden.us1.list-manage.com/profile?u=1&id=2", "here"),
        ("https://garden.example/unsubscribe/?uuid=1&key=2&newsletter=3", ""),
        ("https://substack.com/action/disable_email?token=x", "stop"),
        ("https://u1.ct.sendgrid.net/asm/unsubscribe/?user_id=1", ""),
        ("https://garden.example/email-preferences/8f1c3a2b11112222", ""),
        ("https://garden.example/newsletter/abmelden", "Hier abmelden"),
        ("https://garden.example/unsubscribe", "unsubscribe from this list"),
        ("mailto:leave@garden.example?subject=unsubscribe", ""),
    ],
)
def test_a_link_that_belongs_to_one_reader_is_known(url, words):
    assert is_personal(url, words)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://docs.example/api/unsubscribe", "how leaving works"),
        ("https://garden.example/blog/unsubscribe-rates-2026", "rates"),
        ("https://garden.example/blog/unsubscribe?utm_source=x", "a post"),
        ("https://help.example/opt-out?hl=en", "how to object"),
        ("https://garden.example/", "Unsubscribe"),
    ],
)
def test_a_text_about_leaving_is_no_personal_link(url, words):
    assert not is_personal(url, words)


def test_open_pixels_are_known():
    assert is_pixel("https://garden.us1.list-manage.com/track/open.php?u=1")
    assert is_pixel("https://u1.ct.sendgrid.net/wf/open?upn=1")
    assert not is_pixel("https://garden.example/open.png")


@pytest.mark.parametrize(
    "tag", ["*|FNAME|*", "*|IF:VIP|*", "%%first_name%%", "<%asm_group_unsubscribe_raw_url%>", "{$unsubscribe}", "[unsubscribe]"]
)
def test_merge_tags_of_other_programs_are_known(tag):
    assert merge_tags_in(f"Dear {tag}!") == [tag]


@pytest.mark.parametrize(
    "text", ["100 %% of 5 %%", "a [name] b", "[1]", "2 * 3 | 4", "{$5}", "x[email]y".replace("email", "mail"), "{{ x }}"]
)
def test_other_signs_are_no_merge_tags(text):
    assert merge_tags_in(text) == []


def test_an_import_tells_what_it_took_out():
    source = (
        "<h1>T</h1>\n<p>Read <a href='https://a.us1.list-manage.com/track/click?u=1'>this</a>.</p>\n"
        "<p><a href='https://a.us1.list-manage.com/unsubscribe?u=1'>Unsubscribe</a></p>\n<img src='https://a.us1.list-manage.com/track/open.php?u=1'>"
    )
    article = clean(source, name="a.html")
    assert article.html == "<p>Read this.</p>"
    assert [(one.line, one.why) for one in article.dropped] == [
        (2, "a click-tracking link, whose target only the tracker knows; its words stay"),
        (3, "a link that belongs to one reader's mail"),
        (4, "a tracking picture"),
    ]


def test_an_import_of_markdown_tells_it_too_with_its_line():
    article = clean("# T\n\nText.\n\nRead [this](https://a.us1.list-manage.com/track/click?u=1).\n", name="a.md")
    assert article.html == "<p>Text.</p>\n<p>Read this.</p>"
    assert [one.line for one in article.dropped] == [5]


def test_a_plain_text_links_straight_and_never_to_one_readers_page():
    article = clean("T\n\nSee https://pond.example/?mc_eid=1 and https://a.us1.list-manage.com/unsubscribe?u=1 please.\n", name="a.txt")
    assert article.html == (
        '<p>See <a href="https://pond.example/">https://pond.example/?mc_eid=1</a> and https://a.us1.list-manage.com/unsubscribe?u=1 please.</p>'
    )
