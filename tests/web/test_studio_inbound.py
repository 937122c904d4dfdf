"""The studio's page of returned mail, and what staff see of a provider that refuses the sender."""

from datetime import UTC, datetime, timedelta

import pytest
from support.staff import signed_in

from syndication.audience.models import Subscriber
from syndication.delivery.bounces import faults
from syndication.delivery.bounces.letters.verdicts import Verdict
from syndication.delivery.bounces.models import InboundMail, SendersFault
from syndication.delivery.limits.models import Throttle

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def came(number=1, **fields):
    plain = {
        "digest": str(number),
        "source": "listener",
        "received_at": NOW,
        "read_at": NOW,
        "verdict": "bounce",
        "raw": b"Subject: x\n\ntext\n",
    }
    return InboundMail.objects.create(**(plain | fields))


def refused(now=NOW):
    faults.note("news.example.org", faults.Refused("example.net", "blocklist", "550 5.7.1 <script>alert(1)</script> blocked", now), now)


def fault():
    for _ in range(3):
        refused()
    faults.pause_domains(NOW)
    return SendersFault.objects.get()


def page(path="/studio/inbound/", role="viewer"):
    answer = signed_in(role).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_before_anything_came_back_the_page_says_how_it_does():
    assert "Nothing has come back yet" in page()


def test_what_came_back_is_shown_with_its_reader_and_words():
    reader = Subscriber.objects.create(address="r@example.net", address_hash="a" * 64)
    came(subscriber=reader, detail="The mailbox does not exist. 550 5.1.1")
    shown = page()
    assert "could not be delivered" in shown
    assert f'href="/studio/subscribers/{reader.pk}/"' in shown
    assert "The mailbox does not exist." in shown


def test_it_is_found_by_what_it_is_and_by_words():
    came(1, detail="needle")
    came(2, verdict="forged", detail="hay")
    assert "hay" not in page("/studio/inbound/?q=needle")
    assert "needle" not in page("/studio/inbound/?is=forged")
    assert "No returned mail fits" in page("/studio/inbound/?q=nothing")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_words(verdict):
    mail = came(verdict=verdict)
    page(f"/studio/inbound/{mail.pk}/")
    page()


def test_the_source_of_a_strangers_mail_is_text_and_nothing_else():
    mail = came(
        raw=b"Subject: <img src=x onerror=alert(1)>\n\n<script>alert(2)</script>\xff\0", sender="<b>@example.net", detail="<i>x</i>"
    )
    shown = page(f"/studio/inbound/{mail.pk}/") + page()
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown
    assert "&lt;script&gt;" in shown


def test_an_unknown_mail_is_not_there():
    assert signed_in().get("/studio/inbound/12345/").status_code == 404


@pytest.mark.parametrize("path", ["/studio/", "/studio/inbound/"])
def test_a_provider_that_refuses_the_sender_is_told_on_the_overview_and_here(path):
    fault()
    shown = page(path, "editor")
    assert "example.net refuses mail from news.example.org" in shown
    assert "is paused" in shown
    assert "<script>alert(1)" not in shown


def test_an_editor_says_that_it_is_mended_and_the_pause_ends():
    found = fault()
    client = signed_in("editor")
    assert client.post(f"/studio/inbound/faults/{found.pk}/mended/").status_code == 302
    assert not Throttle.objects.exists()
    assert "refuses mail" not in page("/studio/", "editor")


def test_a_viewer_sees_it_and_changes_nothing():
    found = fault()
    assert "It is mended" not in page("/studio/")
    assert signed_in("viewer").post(f"/studio/inbound/faults/{found.pk}/mended/").status_code == 403
    assert Throttle.objects.exists()


def test_owners_are_told_by_mail_once_a_day_while_it_goes_on(mailoutbox):
    from syndication.campaigns.alert import tell_staff

    signed_in("owner")
    signed_in("editor")
    fault()
    assert [tell_staff(NOW), tell_staff(NOW + timedelta(hours=1))] == [1, 0]
    refused(NOW + timedelta(hours=25))
    assert tell_staff(NOW + timedelta(hours=26)) == 1
    assert [mail.to for mail in mailoutbox] == [["owner@example.org"]] * 2
    assert mailoutbox[0].subject == "example.net refuses mail from news.example.org"
    assert "550 5.7.1" in mailoutbox[0].body
    assert "https://news.example.org/studio/inbound/" in mailoutbox[0].body


def test_nobody_is_told_of_two_refusals(mailoutbox):
    from syndication.campaigns.alert import tell_staff

    signed_in("owner")
    refused()
    assert tell_staff(NOW) == 0
