"""Clicks at the same moment, on a real database file or server: the second finds what the first left, and who is erased stays erased."""

import pytest

PROGRAM = """
import json
from django.utils import timezone
from support.at_once import at_once
from support.publications import make_list, make_publication
from syndication.audience import subscribe
from syndication.audience.self_service import preferences
from syndication.audience.self_service.choices import Frequency
from syndication.audience.erase import erase
from syndication.audience.models import ConsentRecord, ReaderEvent, Subscriber, Subscription
from syndication.errors import NotFound

now = timezone.now()
notes = make_publication("notes")
weekly, monthly = make_list(notes, "weekly"), make_list(notes, "monthly")

def reader(address):
    return preferences.Right(subscribe.add(subscribe.Person(address), to=weekly, confirmed=True, how="staff", now=now).subscriber, notes)

def clicked(*steps):
    at_once(*steps, excused=(NotFound,))

ada = reader("ada@example.org")
clicked(*[lambda: preferences.join(ada, "monthly", now=now)] * 8)
said = {
    "words": ConsentRecord.objects.filter(how="preferences").count(),
    "events": ReaderEvent.objects.count(),
}
noor = reader("noor@example.org")
clicked(lambda: preferences.join(noor, "monthly", now=now), lambda: preferences.leave_all(noor, now=now))
torn = Subscription.objects.get(subscriber=noor.subscriber, list=monthly)
said["state and proof"] = [torn.state, torn.consent.latest("pk").state]
mara = reader("mara@example.org")
clicked(
    lambda: preferences.join(mara, "monthly", now=now),
    lambda: preferences.choose(mara, "weekly", frequency=Frequency.FEED, paused_until=None, now=now),
    lambda: preferences.describe(mara, preferences.About("Mara", "de", "Europe/Berlin", tracking_consent=True), now=now),
    lambda: erase("mara@example.org", now=now),
)
gone = Subscriber.objects.get(pk=mara.subscriber.pk)
said["erased"] = [gone.state, gone.name, gone.locale, gone.tracking_consent]
said["on lists"] = gone.subscriptions.exclude(state="unsubscribed").count()
print(json.dumps(said))
"""


@pytest.mark.processes
@pytest.mark.database
def test_clicks_at_the_same_moment_leave_one_clear_state(live_home):
    said = live_home.told(PROGRAM)
    assert (said["words"], said["events"]) == (1, 1)
    assert len(set(said["state and proof"])) == 1
    assert said["erased"] == ["erased", "", "", None]
    assert said["on lists"] == 0
