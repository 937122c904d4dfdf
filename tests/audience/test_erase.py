"""An erased person is named nowhere in the audience; only the keyed hash and the bare proof of consent stay."""

from datetime import UTC, datetime

import pytest

from syndication.audience import subscribe, tokens
from syndication.audience.erase import erase
from syndication.audience.keys import copy_key
from syndication.audience.models import ConsentRecord, ImportChange, ImportJob, ImportRefusal, ReaderEvent, SignUp, Subscriber, Suppression
from syndication.audience.self_service import leave

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def mara(weekly):
    reader = subscribe.add(subscribe.Person("mara@example.org", name="Mara"), to=weekly, confirmed=True, how="staff", now=NOW).subscriber
    Subscriber.objects.update(tracking_consent=True, bounce_score=2.5, bounced_at=NOW, locale="de", time_zone="Europe/Berlin")
    return reader


def test_nothing_that_was_noted_about_the_person_stays(weekly, mara):
    job = ImportJob.objects.create(list=weekly)
    ImportChange.objects.create(job=job, subscriber_id=mara.pk, before={"name": "Mara of old"}, at=NOW)
    ImportRefusal.objects.create(job=job, line=2, address="MARA@example.org", why="the same address as line 1")
    ImportRefusal.objects.create(job=job, line=3, address="wrong", why="'mara@example.org' has a twin")
    ImportRefusal.objects.create(job=job, line=4, address="noor@example.org", why="no @")
    SignUp.objects.create(publication=weekly.publication, address="Mara@example.org", how="form", asked_at=NOW)
    ReaderEvent.objects.create(subscriber=mara, kind="hard bounce", source="smtp", detail="550 no mara here", at=NOW)
    erase("mara@example.org", now=NOW)
    tables = (Subscriber, ReaderEvent, ImportChange, ImportRefusal, SignUp, ConsentRecord, Suppression)
    assert "mara" not in str([list(table.objects.values()) for table in tables]).lower()
    assert ImportRefusal.objects.get(line=4).address == "noor@example.org"
    assert ReaderEvent.objects.get().kind == "hard bounce"


def test_scores_consents_and_links_end_with_the_person(mara):
    erase("mara@example.org", now=NOW)
    mara.refresh_from_db()
    assert (mara.tracking_consent, mara.bounce_score, mara.bounced_at, mara.locale, mara.time_zone) == (None, 0, None, "", "")
    assert mara.links_revoked_at == NOW


def test_the_proof_of_consent_stays_without_the_person(mara):
    erase("mara@example.org", now=NOW)
    assert list(ConsentRecord.objects.order_by("pk").values_list("state", "how")) == [("confirmed", "staff"), ("unsubscribed", "erased")]


def test_erasing_one_person_touches_no_other(weekly, mara):
    noor = subscribe.add(subscribe.Person("noor@example.org", name="Noor"), to=weekly, confirmed=True, how="staff", now=NOW)
    ReaderEvent.objects.create(subscriber=noor.subscriber, kind="edited", detail="name", at=NOW)
    erase("mara@example.org", now=NOW)
    noor.refresh_from_db()
    assert (noor.state, noor.subscriber.name, ReaderEvent.objects.get().detail) == ("confirmed", "Noor", "name")


def test_no_link_of_an_erased_person_leaves_or_comes_back(weekly, mara):
    link = tokens.of_copy(1, mara.pk, weekly.pk, copy_key()).unsubscribe
    erase("mara@example.org", now=NOW)
    assert leave.unsubscribe(link, how="link", now=NOW) is None
    assert leave.undo(link, now=NOW) is None
