"""Clicks at the same moment, on a real database file or server: the second finds what the first left, and who is erased stays erased."""

import json
import sys

import pytest

PROGRAM = """
import json
import threading
import django
django.setup()
from django.db import connection
from django.utils import timezone
from syndication.articles.models import Publication
from syndication.audience import subscribe
from syndication.audience.self_service import preferences
from syndication.audience.self_service.choices import Frequency
from syndication.audience.erase import erase
from syndication.audience.lists import create_list
from syndication.audience.models import ConsentRecord, ReaderEvent, Subscriber, Subscription
from syndication.errors import NotFound

now = timezone.now()
notes = Publication.objects.create(slug="notes", name="Notes", sender_address="e@example.org", mail_domain="example.org")
weekly, monthly = create_list("weekly", publication=notes), create_list("monthly", publication=notes)
wrong = []

def reader(address):
    return preferences.Right(subscribe.add(subscribe.Person(address), to=weekly, confirmed=True, how="staff", now=now).subscriber, notes)

def at_once(*steps):
    begin = threading.Barrier(len(steps))
    def run(step):
        begin.wait(10)
        try:
            step()
        except NotFound:
            pass
        except Exception as error:
            wrong.append(repr(error))
        finally:
            connection.close()
    threads = [threading.Thread(target=run, args=[step]) for step in steps]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)

ada = reader("ada@example.org")
at_once(*[lambda: preferences.join(ada, "monthly", now=now)] * 8)
said = {
    "words": ConsentRecord.objects.filter(how="preferences").count(),
    "events": ReaderEvent.objects.count(),
}
noor = reader("noor@example.org")
at_once(lambda: preferences.join(noor, "monthly", now=now), lambda: preferences.leave_all(noor, now=now))
torn = Subscription.objects.get(subscriber=noor.subscriber, list=monthly)
said["state and proof"] = [torn.state, torn.consent.latest("pk").state]
mara = reader("mara@example.org")
at_once(
    lambda: preferences.join(mara, "monthly", now=now),
    lambda: preferences.choose(mara, "weekly", frequency=Frequency.FEED, paused_until=None, now=now),
    lambda: preferences.describe(mara, preferences.About("Mara", "de", "Europe/Berlin", tracking_consent=True), now=now),
    lambda: erase("mara@example.org", now=now),
)
gone = Subscriber.objects.get(pk=mara.subscriber.pk)
said["erased"] = [gone.state, gone.name, gone.locale, gone.tracking_consent]
said["on lists"] = gone.subscriptions.exclude(state="unsubscribed").count()
print(json.dumps({**said, "wrong": wrong}))
"""


@pytest.mark.processes
@pytest.mark.database
def test_clicks_at_the_same_moment_leave_one_clear_state(live_home):
    done = live_home.run(sys.executable, "-c", PROGRAM)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["wrong"] == []
    assert (said["words"], said["events"]) == (1, 1)
    assert len(set(said["state and proof"])) == 1
    assert said["erased"] == ["erased", "", "", None]
    assert said["on lists"] == 0
