"""Readers choose by the link in a mail: without login, cookie or script, and only for themselves."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from lxml import html as lxml_html
from support.letters import make_mailing, tokens_of
from support.publications import make_list, make_publication

from syndication.audience import subscribe
from syndication.audience.models import ConsentRecord, ImportChange, ImportJob, ReaderEvent, Subscriber, Subscription, Suppression
from syndication.audience.suppression import domain_rules
from syndication.audience.suppression.suppress import suppress
from syndication.delivery.bounces.models import InboundMail
from syndication.delivery.models import Attempt, Delivery
from syndication.delivery.states import State

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def mara(weekly):
    return add("mara@example.org", weekly).subscriber


@pytest.fixture
def mailing(weekly):
    return make_mailing(weekly, frozen_at=timezone.now() - timedelta(hours=1))


@pytest.fixture
def home(mailing, mara):
    """The address of Mara's preferences, as her mail has it."""
    return f"/p/{tokens_of(mailing, mara.pk).preferences}/"


def add(address, to):
    return subscribe.add(subscribe.Person(address), to=to, confirmed=True, how="staff", now=timezone.now() - timedelta(days=1))


def on(subscriber, to):
    return Subscription.objects.filter(subscriber=subscriber, list=to).first()


def page(response):
    return lxml_html.fromstring(response.content.decode())


def words(response):
    return " ".join(page(response).text_content().split())


def notes(subscriber):
    return [f"{one.kind}: {one.detail}".removesuffix(": ") for one in ReaderEvent.objects.filter(subscriber=subscriber).order_by("pk")]


def whole(response):
    """The answer after its redirect, which must lead to the page itself."""
    assert response.status_code == 302, response.content
    return response["Location"]


# ------------------------------------------------------------------ the page
def test_the_page_shows_the_reader_only_a_hint_of_the_address_and_what_is_chosen(client, home):
    said = words(client.get(home))
    assert "m…@example.org" in said
    assert "mara@" not in said
    assert "You get each issue by email." in said


def test_opening_the_page_and_each_of_its_addresses_changes_nothing(client, home, mara, weekly):
    before = list(Subscriber.objects.values()), list(Subscription.objects.values())
    for part in ("", "lists/weekly/", "leave-all/", "about/", "data/", "close-links/", "erase/"):
        for method in (client.get, client.head):
            assert method(home + part).status_code in {200, 302}
    assert (list(Subscriber.objects.values()), list(Subscription.objects.values())) == before
    assert not ReaderEvent.objects.exists()


@pytest.mark.parametrize("part", ["", "erase/"])
def test_the_page_is_not_cached_indexed_or_passed_on_and_sets_no_cookie(client, home, part):
    response = client.get(home + part)
    assert (response["Cache-Control"], response["Referrer-Policy"], response["X-Robots-Tag"]) == ("no-store", "no-referrer", "noindex")
    assert not response.cookies
    assert not client.post(home + "data/").cookies


@pytest.mark.parametrize("part", ["", "erase/"])
def test_each_field_has_a_label_and_the_page_a_language_and_no_script(client, home, part):
    found = page(client.get(home + part))
    assert found.get("lang") == "en"
    assert not found.xpath("//script | //@style | //@onclick")
    for field in found.xpath("//input | //select"):
        assert field.xpath("ancestor::label") or found.xpath(f"//label[@for='{field.get('id')}']"), field.get("name")
    ids = found.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert set(" ".join(found.xpath("//@aria-describedby | //@aria-labelledby")).split()) <= set(ids)


def test_digests_are_not_offered_before_they_are_sent(client, home):
    assert page(client.get(home)).xpath("//input[@name='frequency']/@value") == ["each", "feed"]
    assert client.post(home + "lists/weekly/", {"do": "save", "frequency": "daily"}).status_code == 400


def test_private_lists_are_shown_to_their_readers_only(client, home, publication, mara):
    inner = make_list(publication, "inner", is_public=False)
    make_list(publication, "staff-only", is_public=False)
    add("mara@example.org", inner)
    assert page(client.get(home)).xpath("//article/@id") == ["list-weekly", "list-inner"]


# ------------------------------------------------------------------ lists
def test_joining_an_open_list_counts_as_a_confirmed_word_of_the_reader(client, home, publication, mara):
    monthly = make_list(publication, "monthly")
    assert "done=joined" in whole(client.post(home + "lists/monthly/", {"do": "join"}))
    assert on(mara, monthly).state == "confirmed"
    assert [(one.state, one.how) for one in on(mara, monthly).consent.all()] == [("confirmed", "preferences")]
    assert notes(mara) == ["preferences: joined monthly"]


@pytest.mark.parametrize("was_asked", [False, True])
def test_the_record_of_joining_keeps_the_words_that_stand_on_the_page(client, home, publication, mara, was_asked):
    monthly = make_list(publication, "monthly")
    if was_asked:
        Subscription.objects.create(subscriber=mara, list=monthly, state="pending", changed_at=timezone.now())
    shown = page(client.get(home)).text_content()
    client.post(home + "lists/monthly/", {"do": "join"})
    words = ConsentRecord.objects.get(how="preferences").wording.text.splitlines()
    assert len(words) == 4
    assert [line for line in words if line.removeprefix("- ") not in shown] == []


@pytest.mark.parametrize(("is_kept", "family"), [(True, "ipv6"), (False, "")])
def test_the_record_of_joining_keeps_the_family_of_the_network_or_nothing_by_setting(client, home, publication, settings, is_kept, family):
    settings.KEEP_CONSENT_NETWORK = is_kept
    make_list(publication, "monthly")
    client.post(home + "lists/monthly/", {"do": "join"}, REMOTE_ADDR="2001:db8::7")
    assert ConsentRecord.objects.get(how="preferences").network == family


def test_joining_twice_is_one_word(client, home, publication, mara):
    make_list(publication, "monthly")
    for _ in range(2):
        client.post(home + "lists/monthly/", {"do": "join"})
    assert ConsentRecord.objects.filter(how="preferences").count() == 1
    assert len(notes(mara)) == 1


@pytest.mark.parametrize("slug", ["staff-only", "tides-weekly", "none"])
def test_a_private_list_one_of_another_publication_and_none_at_all_cannot_be_joined(client, home, publication, mara, slug):
    make_list(publication, "staff-only", is_public=False)
    make_list(make_publication("tides"), "tides-weekly")
    client.post(home + f"lists/{slug}/", {"do": "join"})
    assert [one.list.slug for one in mara.subscriptions.all()] == ["weekly"]


def test_a_private_list_that_was_left_takes_staff_to_come_back_to(client, home, publication, mara):
    inner = make_list(publication, "inner", is_public=False)
    add("mara@example.org", inner)
    client.post(home + "lists/inner/", {"do": "leave"})
    client.post(home + "lists/inner/", {"do": "join"})
    assert on(mara, inner).state == "unsubscribed"


def test_leaving_one_list_leaves_the_others(client, home, publication, mara, weekly):
    monthly = add("mara@example.org", make_list(publication, "monthly"))
    client.post(home + "lists/weekly/", {"do": "leave"})
    assert (on(mara, weekly).state, on(mara, monthly.list).state) == ("unsubscribed", "confirmed")
    assert on(mara, weekly).consent.latest("pk").how == "preferences"


def test_a_pending_list_can_be_declined_or_taken(client, home, publication, mara):
    monthly, daily = make_list(publication, "monthly"), make_list(publication, "daily")
    for one in (monthly, daily):
        subscribe.add(subscribe.Person("mara@example.org"), to=one, confirmed=False, how="import", now=timezone.now())
    client.post(home + "lists/monthly/", {"do": "leave"})
    client.post(home + "lists/daily/", {"do": "join"})
    assert (on(mara, monthly).state, on(mara, daily).state) == ("unsubscribed", "confirmed")


def test_leaving_all_leaves_all_lists_of_this_publication_and_no_other(client, home, publication, mara, weekly):
    add("mara@example.org", make_list(publication, "monthly"))
    tides = add("mara@example.org", make_list(make_publication("tides"), "tides-weekly"))
    other = add("noor@example.org", weekly)
    client.post(home + "leave-all/")
    assert sorted(mara.subscriptions.values_list("list__slug", "state")) == [
        ("monthly", "unsubscribed"),
        ("tides-weekly", "confirmed"),
        ("weekly", "unsubscribed"),
    ]
    assert (on(mara, tides.list).state, on(other.subscriber, weekly).state) == ("confirmed", "confirmed")


def test_who_left_comes_back_to_each_issue_and_without_an_old_pause(client, home, mara, weekly):
    Subscription.objects.update(frequency="feed", paused_until="2099-01-01")
    client.post(home + "lists/weekly/", {"do": "leave"})
    client.post(home + "lists/weekly/", {"do": "join"})
    again = on(mara, weekly)
    assert (again.state, again.frequency, again.paused_until) == ("confirmed", "each", None)


def test_nobody_joins_while_nothing_may_be_sent_to_the_address_and_the_page_says_so(client, home, publication, mara):
    monthly = make_list(publication, "monthly")
    suppress("mara@example.org", reason="complained")
    response = client.post(home + "lists/monthly/", {"do": "join"})
    assert response.status_code == 400
    assert "we send nothing to this address" in words(client.get(home))
    assert on(mara, monthly) is None


def test_nobody_joins_from_a_domain_that_is_blocked(client, home, publication, mara):
    monthly = make_list(publication, "monthly")
    domain_rules.put("example.org", kind="block")
    assert client.post(home + "lists/monthly/", {"do": "join"}).status_code == 400
    assert on(mara, monthly) is None


# ------------------------------------------------------------------ how often
def test_feed_only_and_a_pause_are_kept_and_shown(client, home, mara, weekly):
    until = timezone.now().date() + timedelta(days=30)
    client.post(home + "lists/weekly/", {"do": "save", "frequency": "each", "paused_until": until.isoformat()})
    assert (on(mara, weekly).frequency, on(mara, weekly).paused_until) == ("each", until)
    assert f"Paused: no mails before {until:%-d %B %Y}." in words(client.get(home))
    client.post(home + "lists/weekly/", {"do": "save", "frequency": "feed", "paused_until": ""})
    assert "You read this list by feed" in words(client.get(home))
    assert notes(mara) == [
        f"preferences: weekly: each, paused until {until}",
        "preferences: weekly: feed",
        "preferences: private feed made",
    ]


def test_saving_the_same_again_is_no_event(client, home, mara):
    client.post(home + "lists/weekly/", {"do": "save", "frequency": "each", "paused_until": ""})
    assert notes(mara) == []


@pytest.mark.parametrize("until", ["yesterday", "2020-01-01", "9999-12-31", "\x00"])
def test_a_day_that_cannot_be_is_explained_beside_its_field_and_kept_for_mending(client, home, mara, weekly, until):
    response = client.post(home + "lists/weekly/", {"do": "save", "frequency": "feed", "paused_until": until})
    assert response.status_code == 400
    assert page(response).xpath("//article[@id='list-weekly']//p[@role='alert']")
    assert (on(mara, weekly).frequency, on(mara, weekly).paused_until) == ("each", None)


def test_what_is_chosen_for_a_list_that_was_left_meanwhile_changes_nothing(client, home, mara, weekly):
    client.post(home + "lists/weekly/", {"do": "leave"})
    client.post(home + "lists/weekly/", {"do": "save", "frequency": "feed"})
    assert on(mara, weekly).frequency == "each"


# ------------------------------------------------------------------ about the reader
def test_name_language_time_zone_and_the_word_on_tracking_are_kept(client, home, mara):
    client.post(home + "about/", {"name": " Mara  Vahl ", "locale": "de", "time_zone": "Europe/Berlin", "tracking": "yes"})
    mara.refresh_from_db()
    assert (mara.name, mara.locale, mara.time_zone, mara.tracking_consent) == ("Mara Vahl", "de", "Europe/Berlin", True)
    assert notes(mara) == ["preferences: tracking allowed", "preferences: changed name, language, time zone"]


def test_tracking_is_off_unless_it_is_given_and_can_be_taken_back(client, home, mara):
    assert not page(client.get(home)).xpath("//input[@name='tracking']/@checked")
    client.post(home + "about/", {"tracking": "yes"})
    assert page(client.get(home)).xpath("//input[@name='tracking']/@checked")
    client.post(home + "about/", {})
    mara.refresh_from_db()
    assert mara.tracking_consent is False


@pytest.mark.parametrize(
    "wrong", [{"name": "a\x00b"}, {"name": "x" * 201}, {"locale": "tlh"}, {"time_zone": "Mars/Olympus"}, {"time_zone": "../../etc/passwd"}]
)
def test_what_cannot_be_kept_is_said_beside_the_form_and_nothing_is_half_kept(client, home, mara, wrong):
    response = client.post(home + "about/", {"name": "New", "locale": "de", "time_zone": "Europe/Berlin", **wrong})
    assert response.status_code == 400
    assert page(response).xpath("//p[@role='alert']")
    mara.refresh_from_db()
    assert (mara.name, mara.locale, mara.time_zone) == ("", "", "")


def test_a_language_and_a_zone_from_an_import_stay_until_the_reader_chooses(client, home, mara):
    Subscriber.objects.update(locale="de-AT", time_zone="US/Pacific")
    selected = page(client.get(home)).xpath("//select/option[@selected]/text() | //select/optgroup/option[@selected]/text()")
    assert selected == ["de-AT", "US/Pacific"]
    client.post(home + "about/", {"name": "M", "locale": "de-AT", "time_zone": "US/Pacific"})
    mara.refresh_from_db()
    assert (mara.locale, mara.time_zone, mara.name) == ("de-AT", "US/Pacific", "M")


def test_markup_in_a_name_is_shown_as_text(client, home):
    client.post(home + "about/", {"name": '"><script>alert(1)</script>'})
    found = page(client.get(home))
    assert found.xpath("//input[@name='name']/@value") == ['"><script>alert(1)</script>']
    assert not found.xpath("//script")


def test_the_address_cannot_make_the_page_say_anything_else(client, home):
    assert not page(client.get(home + "?done=You+won")).xpath("//p[@role='status']")
    assert page(client.get(home + "?done=saved")).xpath("//p[@role='status']")


# ------------------------------------------------------------------ closing links
def test_closed_links_open_nothing_any_more_and_the_next_mail_brings_one_that_does(client, home, mara, weekly):
    assert "Your old links are closed" in words(client.post(home + "close-links/"))
    for part in ("", "lists/weekly/", "data/", "erase/"):
        assert client.post(home + part).content == client.post("/p/x/").content
    later = make_mailing(weekly, "campaign:2", frozen_at=timezone.now() + timedelta(seconds=1))
    assert client.get(f"/p/{tokens_of(later, mara.pk).preferences}/").status_code == 200
    assert notes(mara) == ["links revoked"]


def test_closing_them_closes_no_link_for_leaving_and_no_other_readers_links(client, home, mara, mailing, weekly):
    other = add("noor@example.org", weekly).subscriber
    client.post(home + "close-links/")
    assert client.get(f"/u/{tokens_of(mailing, mara.pk).unsubscribe}/").status_code == 200
    assert client.get(f"/p/{tokens_of(mailing, other.pk).preferences}/").status_code == 200


# ------------------------------------------------------------------ the data
def test_the_download_has_everything_of_the_reader_and_nothing_of_others(client, home, mara, weekly, mailing):
    noor = add("noor@example.org", weekly).subscriber
    Subscriber.objects.filter(pk=mara.pk).update(name="Mara", attributes={"plan": "patron"})
    suppress("mara@example.org", reason="staff", detail="told ines@staff.example.org", by="ines@staff.example.org")
    job = ImportJob.objects.create(list=weekly, file_name="noors-friends.csv", consent_source="a form at the fair")
    for one in (mara, noor):
        Delivery.objects.create(mailing=mailing, subscriber=one, state=State.BOUNCED, reply_code=550, reply=f"no {one.address} here")
        Attempt.objects.create(
            mailing=mailing,
            subscriber=one,
            at=timezone.now(),
            number=1,
            state=State.BOUNCED,
            reply=f"no {one.address}",
            where="mx.example.org",
        )
        InboundMail.objects.create(
            digest=str(one.pk), source="listener", detail=f"about {one.address}", subscriber=one, received_at=timezone.now()
        )
        ReaderEvent.objects.create(subscriber=one, kind="edited", source="staff ines@staff.example.org", at=timezone.now())
        ImportChange.objects.create(job=job, subscriber_id=one.pk, before={"name": f"old {one.address}"}, at=timezone.now())
    response = client.post(home + "data/")
    assert response["Content-Disposition"] == 'attachment; filename="my-data-field-notes.json"'
    assert response["Cache-Control"] == "no-store"
    told = json.loads(response.content)
    text = response.content.decode()
    assert (told["profile"]["address"], told["profile"]["attributes"]) == ("mara@example.org", {"plan": "patron"})
    assert [one["state"] for one in told["subscriptions"]] == ["confirmed"]
    assert [one["how"] for one in told["consent"]] == ["staff"]
    assert [one["reply"] for one in told["deliveries"]] == ["no mara@example.org here"]
    assert [one["reply"] for one in told["delivery_attempts"]] == ["no mara@example.org"]
    assert [one["detail"] for one in told["mail_that_came_back"]] == ["about mara@example.org"]
    assert [one["before"] for one in told["imports"]] == [{"name": "old mara@example.org"}]
    assert [one["reason"] for one in told["not_mailed"]] == ["staff"]
    assert {one["what"] for one in told["events"]} == {"edited", "exported"}
    for foreign in ("noor@", "ines@", mara.address_hash, noor.address_hash):
        assert foreign not in text


def test_the_download_is_noted(client, home, mara):
    client.post(home + "data/")
    assert notes(mara) == ["exported"]


# ------------------------------------------------------------------ erasing
def test_erasing_takes_two_steps(client, home, mara):
    response = client.post(home + "erase/")
    assert response.status_code == 400
    assert "Tick the box" in words(response)
    mara.refresh_from_db()
    assert mara.state == "active"


def test_an_erased_reader_is_named_nowhere_and_every_link_opens_the_neutral_page(client, home, mara, mailing, weekly):
    Delivery.objects.create(mailing=mailing, subscriber=mara, state=State.BOUNCED, reply="no mara@example.org here")
    InboundMail.objects.create(digest="1", source="listener", raw=b"To: mara@example.org", subscriber=mara, received_at=timezone.now())
    response = client.post(home + "erase/", {"sure": "yes"})
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    assert "You are erased" in words(response)
    mara.refresh_from_db()
    assert mara.state == "erased"
    rows = [*Subscriber.objects.values(), *Delivery.objects.values(), *ReaderEvent.objects.values()]
    assert "mara" not in str(rows)
    assert bytes(InboundMail.objects.get().raw) == b""
    assert Suppression.objects.get().reason == "erased"
    neutral = client.get("/p/x/").content
    for method in (client.get, client.post):
        assert method(home).content == method(home + "data/").content == neutral
        assert method(f"/u/{tokens_of(mailing, mara.pk).unsubscribe}/").content == neutral


# ------------------------------------------------------------------ bad requests
def test_a_page_that_is_too_large_or_no_form_changes_nothing_and_breaks_nothing(client, home, mara):
    for body, kind in (
        (b"--x", "multipart/form-data; boundary=x"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
    ):
        assert client.post(home + "lists/weekly/", body, content_type=kind).status_code == 400
    assert client.post(home + "about/", b"a=1&" * 3000, content_type="application/x-www-form-urlencoded").status_code == 400
    assert notes(mara) == []


def test_other_methods_are_refused(client, home):
    for part in ("", "lists/weekly/", "erase/"):
        assert {client.delete(home + part).status_code, client.put(home + part).status_code, client.options(home + part).status_code} == {
            405
        }
