"""Every token at every door: each opens exactly its own, and what opens nothing changes nothing.

Doors are the addresses below /u/, /c/, /p/ and /f/, and the mailboxes b+TOKEN@ and u+TOKEN@. Tokens are one of each purpose.
"""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.letters import make_mailing, tokens_of
from support.publications import make_list, make_publication

from syndication.audience import subscribe, tokens
from syndication.audience.models import Subscriber, Subscription
from syndication.audience.self_service import leave
from syndication.delivery.bounces.intake import LISTENER, Came, keep
from syndication.delivery.bounces.models import InboundMail
from syndication.delivery.bounces.read_inbound import read_inbound
from syndication.delivery.mailing.mailed_articles import mailed_articles
from syndication.feeds.private import editions
from syndication.feeds.private.address import make, token_of

pytestmark = (
    pytest.mark.django_db
)  # who may open what is decided before anything that differs between databases; each page's own tests run on both

LEAVE, OLD_LEAVE, CONFIRM, BOUNCE, MESSAGE_ID, CHOOSE, READ = (
    "leave",
    "leave, as of old",
    "confirm",
    "bounce",
    "message-id",
    "preferences",
    "private feed",
)
PURPOSES = (LEAVE, OLD_LEAVE, CONFIRM, BOUNCE, MESSAGE_ID, CHOOSE, READ)
LEAVING = {LEAVE, OLD_LEAVE}
PAGES = {
    ("GET", "/u/{}/"): LEAVING,
    ("GET", "/u/{}"): LEAVING,
    ("POST", "/u/{}/"): LEAVING,
    ("POST", "/u/{}"): LEAVING,
    ("POST", "/u/{}/undo/"): LEAVING,
    ("GET", "/c/{}/"): {CONFIRM},
    ("POST", "/c/{}/"): {CONFIRM},
    ("GET", "/p/{}/"): {CHOOSE},
    ("GET", "/p/{}/erase/"): {CHOOSE},
    ("POST", "/p/{}/"): {CHOOSE},
    ("POST", "/p/{}/lists/weekly/"): {CHOOSE},
    ("POST", "/p/{}/lists/monthly/"): {CHOOSE},
    ("POST", "/p/{}/lists/tides-weekly/"): {CHOOSE},
    ("POST", "/p/{}/leave-all/"): {CHOOSE},
    ("POST", "/p/{}/about/"): {CHOOSE},
    ("POST", "/p/{}/data/"): {CHOOSE},
    ("POST", "/p/{}/close-links/"): {CHOOSE},
    ("POST", "/p/{}/erase/"): {CHOOSE},
    ("POST", "/p/{}/feed/"): {CHOOSE},
    ("POST", "/c/{}/feed/"): {CONFIRM},
    ("GET", "/f/{}/"): {READ},
    ("GET", "/f/{}/rss.xml"): {READ},
    ("POST", "/f/{}/"): {READ},
}
FORM = {"do": "leave", "frequency": "feed", "name": "Somebody else", "sure": "yes"}
BOUNCED = (
    "From: MAILER-DAEMON@mx.example.net\r\nTo: {to}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nNo.\r\n'
    "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
    "Final-Recipient: rfc822; mara@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--x--\r\n"
)
WISH = "From: mara@example.org\r\nTo: {to}\r\nSubject: unsubscribe\r\n\r\nunsubscribe\r\n"
MAILBOXES = {"b+{}@news.example.org": ("", BOUNCED, {BOUNCE}), "u+{}@news.example.org": ("mara@example.org", WISH, LEAVING)}


@dataclass
class Town:
    """Two publications, two readers, and everything that Mara's copy of a mailing carries."""

    weekly: Subscription
    monthly: Subscription  # pending
    tides: Subscription
    noor: Subscription
    tokens: dict[str, str]
    others: dict[str, str]  # Noor's


@pytest.fixture
def town(settings, tmp_path):
    settings.PRIVATE_FEEDS = tmp_path
    notes, tides = make_publication(), make_publication("tides")
    weekly, monthly, other = make_list(notes), make_list(notes, "monthly"), make_list(tides, "tides-weekly")

    def add(address, to, *, confirmed=True):
        return subscribe.add(subscribe.Person(address), to=to, confirmed=confirmed, how="staff", now=timezone.now())

    mara, pending = add("mara@example.org", weekly), add("mara@example.org", monthly, confirmed=False)
    noor = add("noor@example.org", weekly)
    editions.edition_of(notes.pk, (weekly.pk,), now=timezone.now())
    editions.look(notes.pk, mailed_articles, now=timezone.now())
    mailing = make_mailing(weekly, frozen_at=timezone.now() - timedelta(hours=1))
    return Town(mara, pending, add("mara@example.org", other), noor, _tokens(mailing, mara, monthly), _tokens(mailing, noor, monthly))


def _tokens(mailing, subscription, to_confirm):
    copy = tokens_of(mailing, subscription.subscriber_id)
    return {
        LEAVE: copy.unsubscribe,
        OLD_LEAVE: leave.unsubscribe_token(subscription.subscriber_id, subscription.list_id),
        CONFIRM: subscribe.confirmation_token(subscription.subscriber_id, to_confirm.pk, timezone.now()),
        BOUNCE: copy.bounce,
        MESSAGE_ID: copy.message_id,
        CHOOSE: copy.preferences,
        READ: token_of(make(subscription.subscriber, subscription.list.publication, now=timezone.now())),
    }


def differing(one, other):
    """The tables and rows in which two states of everything differ."""
    return {name: sorted(set(one[name]) ^ set(other[name])) for name in one if one[name] != other[name]}


def everything():
    """Every row of ours but the mail that came in, which is kept whatever it is."""
    tables = [one for one in apps.get_app_config("syndication").get_models() if one is not InboundMail]
    return {one.__name__: sorted(map(str, one.objects.values_list())) for one in tables}


def knock(method, address, token):
    """Ask as a person or a program does, without following; the answer."""
    client = Client(enforce_csrf_checks=True)
    return client.generic(
        method, address.format(quote(token, safe="")), "&".join(f"{k}={v}" for k, v in FORM.items()), "application/x-www-form-urlencoded"
    )


def send_to(address, token):
    sender, raw, _ = MAILBOXES[address]
    to = address.format(token)
    keep(Came(LISTENER, sender, to, raw.format(to=to).encode("utf-8", "replace")), timezone.now())
    read_inbound(timezone.now)


def opens(address, token):
    """Whether the mail to it changes anything."""
    before = everything()
    send_to(address, token)
    return everything() != before


def neutral():
    return Client().get("/u/x/").content


def is_closed(answer):
    """404; a private address that once was ours is gone, 410, in the same words."""
    return answer.status_code in {404, 410} and answer.content == neutral()


# ------------------------------------------------------------------ purposes
@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("door", PAGES, ids=" ".join)
def test_a_page_opens_for_tokens_of_its_own_purpose_only(town, door, purpose):
    before = everything()
    answer = knock(*door, town.tokens[purpose])
    if purpose in PAGES[door]:
        assert answer.status_code in {200, 302}
    else:
        assert is_closed(answer)
        assert everything() == before


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("door", PAGES, ids=" ".join)
def test_what_a_mail_program_did_to_capitals_opens_no_other_door(town, door, purpose):
    assert is_closed(knock(*door, town.tokens[purpose].upper())) is (purpose not in PAGES[door])


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("mailbox", MAILBOXES)
def test_a_mailbox_acts_on_tokens_of_its_own_purpose_only(town, mailbox, purpose):
    assert opens(mailbox, town.tokens[purpose]) is (purpose in MAILBOXES[mailbox][2])


def test_the_table_knows_every_address_that_takes_a_token():
    from syndication.web.urls import urlpatterns

    known = {page.format("<str:token>").strip("/") for _, page in PAGES}
    ours = {str(one.pattern).strip("/") for one in urlpatterns if "<str:token>" in str(one.pattern)}
    assert {one.replace("<slug:list_slug>", "weekly").replace("<str:file_name>", "rss.xml") for one in ours} <= known


# ------------------------------------------------------------------ persons, lists, publications
@pytest.mark.parametrize("door", [one for one in PAGES if one[0] == "POST"], ids=" ".join)
def test_no_token_reaches_another_person(town, door):
    def of_noor():
        reader = Subscriber.objects.filter(pk=town.noor.subscriber_id)
        return list(reader.values()), list(Subscription.objects.filter(subscriber__in=reader).values())

    before = of_noor()
    for token in town.tokens.values():
        knock(*door, token)
    assert of_noor() == before


@pytest.mark.parametrize("door", [one for one in PAGES if one[0] == "POST" and "erase" not in one[1]], ids=" ".join)
def test_no_token_reaches_a_list_of_another_publication(town, door):
    for token in town.tokens.values():
        knock(*door, token)
    town.tides.refresh_from_db()
    assert (town.tides.state, town.tides.frequency) == ("confirmed", "each")


@pytest.mark.parametrize("purpose", [LEAVE, OLD_LEAVE])
def test_a_token_for_leaving_reaches_its_own_list_only(town, purpose):
    knock("POST", "/u/{}/", town.tokens[purpose])
    send_to("u+{}@news.example.org", town.tokens[purpose])
    for one, state in ((town.weekly, "unsubscribed"), (town.monthly, "pending"), (town.noor, "confirmed")):
        one.refresh_from_db()
        assert one.state == state


def test_a_token_for_confirming_reaches_its_own_list_only(town):
    knock("POST", "/c/{}/", town.tokens[CONFIRM])
    town.monthly.refresh_from_db()
    assert town.monthly.state == "confirmed"
    assert set(Subscription.objects.exclude(pk=town.monthly.pk).values_list("state", flat=True)) == {"confirmed"}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_numbers_of_one_person_under_the_signature_of_another_open_nothing(town, purpose):
    mine, other = town.tokens[purpose], town.others[purpose]
    assert mine != other
    _opens_nothing(other[: -2 * tokens.MAC_BYTES] + mine[-2 * tokens.MAC_BYTES :])


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_numbers_of_one_purpose_under_the_signature_of_another_open_only_that_others_doors(town, purpose):
    mac = town.tokens[purpose][-2 * tokens.MAC_BYTES :]
    for other in PURPOSES:
        made = town.tokens[other][: -2 * tokens.MAC_BYTES] + mac
        if made != town.tokens[purpose]:
            _opens_nothing(made)


def test_tokens_of_another_installation_open_nothing(town, settings):
    settings.SECRET_KEY = "another installation's key, with the same rows in it"
    theirs = _tokens(make_mailing(town.weekly.list, "campaign:2"), town.weekly, town.monthly.list)
    settings.SECRET_KEY = "the key of the tests, which opens nothing else"
    for token in theirs.values():
        _opens_nothing(token)


def test_a_token_of_a_mailing_that_never_was_opens_no_preferences(town):
    made_up = make_mailing(town.weekly.list, "campaign:2")
    token = tokens_of(made_up, town.weekly.subscriber_id).preferences
    made_up.delete()
    assert is_closed(knock("GET", "/p/{}/", token))


def _opens_nothing(token):
    before = everything()
    for door in PAGES:
        assert is_closed(knock(*door, token)), door
    for mailbox in MAILBOXES:
        send_to(mailbox, token)
    assert everything() == before


# ------------------------------------------------------------------ reused, old, erased
def test_a_reused_link_says_the_same_again_and_adds_nothing(town):
    """A no that is said again may renew its moment; states and proofs stay as they are."""
    for address, purpose in (("/u/{}/", LEAVE), ("/c/{}/", CONFIRM)):
        first = knock("POST", address, town.tokens[purpose])
        after, states = everything(), _states()
        again = knock("POST", address, town.tokens[purpose])
        assert (first.status_code, again.status_code) == (200, 200)
        assert set(differing(everything(), after)) <= {"Subscription"}
        assert _states() == states


def _states():
    return list(Subscription.objects.order_by("pk").values_list("pk", "state", "frequency", "paused_until"))


def test_no_token_of_an_erased_person_opens_anything(town):
    knock("POST", "/p/{}/erase/", town.tokens[CHOOSE])
    for token in town.tokens.values():
        _opens_nothing(token)


# ------------------------------------------------------------------ tampering
HEX = "0123456789abcdef"


@given(purpose=st.sampled_from(PURPOSES), at=st.integers(0, 200), letter=st.sampled_from(HEX + "ghxz-_.~%+ \u00e9\u0660\uff11\x00\r\n"))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_token_with_any_character_changed_opens_nothing(town, purpose, at, letter):
    token = town.tokens[purpose]
    at %= len(token)
    if token[at] != letter:
        _opens_nothing_by_its_own_doors(token[:at] + letter + token[at + 1 :])


@given(
    purpose=st.sampled_from(PURPOSES),
    change=st.sampled_from(
        [
            lambda token, at: token[:at],
            lambda token, at: token[at + 1 :],
            lambda token, at: token[:at] + token[at + 1 :],
            lambda token, at: token[:at] + "0" + token[at:],
            lambda token, at: token[:at] + token[at:][::-1],
            lambda token, at: token + token[: at + 1],
            lambda token, _: "00" + token,
            lambda token, _: f" {token} ",
        ]
    ),
    at=st.integers(0, 200),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_token_that_was_cut_turned_or_glued_opens_nothing(town, purpose, change, at):
    token = town.tokens[purpose]
    changed = change(token, at % len(token))
    if changed and changed != token:
        _opens_nothing_by_its_own_doors(changed)


def _opens_nothing_by_its_own_doors(token):
    before = everything()
    for door in (("POST", "/u/{}/"), ("POST", "/c/{}/"), ("GET", "/p/{}/"), ("POST", "/p/{}/erase/")):
        assert is_closed(knock(*door, token)), door
    for mailbox in MAILBOXES:
        send_to(mailbox, token)
    assert everything() == before
