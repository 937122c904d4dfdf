"""The score: every background step, in the order in which an article meets it.

Tasks carry ids only and are right when run 0, 1 or 10 times. Due times live in rows; the tick asks for them.
"""

import time
from functools import partial

from celery import Task
from celery.signals import worker_process_init, worker_process_shutdown, worker_ready, worker_shutdown
from django.utils import timezone

from syndication.articles.search.index import index_missing
from syndication.audience.imports import job as imports
from syndication.audience.imports import work
from syndication.audience.staff import bulk
from syndication.campaigns import alert, control
from syndication.delivery.bounces import faults, read_inbound, take_refusals, tidy
from syndication.delivery.bounces.mailbox.fetch import fetch as fetch_from_mailbox
from syndication.delivery.ledger import mailed, plan, reconcile
from syndication.delivery.ledger.forget import erase_reader
from syndication.delivery.mailing import confirmation
from syndication.delivery.mailing.mailed_articles import mailed_articles
from syndication.delivery.models import Mailing
from syndication.delivery.sending import send
from syndication.feeds.hub import rounds
from syndication.feeds.hub.addresses import HUB_BELL
from syndication.feeds.polls import keep
from syndication.feeds.private import editions
from syndication.feeds.publishing import due, old_folders, publish
from syndication.queue import BULK, DEFAULT, FEEDS, MAIL, app, bell_heard, ring_once

TICK_SECONDS = 2.0
MAILBOX_SECONDS = 60.0
PLAN_SECONDS = 20.0
IMPORT_SECONDS = 5.0
FEEDS_SECONDS = 5.0
LOOK_AFTER_FEEDS_SECONDS = 600.0
TIDY_SECONDS = 3600.0
GATHER_SECONDS = 0.25
LAST_REPLIES_SECONDS = 25.0  # less than what a container gets to stop


@app.task(queue=FEEDS)
def publish_feeds(publication_id: int) -> None:
    """Write what is out of date of a publication's feeds for some seconds, then ring for the rest."""
    done = publish.publish(publication_id, now=timezone.now(), run_seconds=FEEDS_SECONDS, wait=False)
    if done.has_more or (done.is_ours and due.is_due(publication_id, now=timezone.now())):
        publish_feeds.delay(publication_id)  # whoever met our lock has left it to us
    if rounds.waits(timezone.now()):
        ring_once(HUB_BELL, go_hub_round.name, queue=FEEDS)


@app.task(queue=FEEDS)
def go_hub_round() -> None:
    """Ask callbacks for consent, deliver what has changed and tell outside hubs for some seconds, then ring for the rest."""
    bell_heard(HUB_BELL)
    if rounds.go_round():
        go_hub_round.delay()


@app.task(queue=FEEDS)
def tidy_feeds() -> None:
    """End the hub's subscriptions whose lease is over; forget who polled a year ago."""
    rounds.tidy(timezone.now())
    keep.forget(timezone.now())


@app.task(queue=FEEDS)
def look_after_feeds() -> None:
    """Look at every file of every feed; what is missing is written again, and what was deleted says so."""
    due.mark_all_missing(timezone.now())
    old_folders.close_deleted()


@app.task(queue=FEEDS)
def publish_private_feeds(publication_id: int) -> None:
    """Compare what readers of the same lists share with what is there now, and write what differs."""
    editions.look(publication_id, mailed_articles, now=timezone.now())


@app.task(queue=DEFAULT)
def start_campaign(campaign_id: int) -> None:
    """Start a campaign that is due, and plan its mailing."""
    mailing_id = control.start_due(campaign_id, now=timezone.now())
    if mailing_id is not None:
        plan_mailing.delay(mailing_id)


@app.task(queue=DEFAULT)
def plan_mailing(mailing_id: int) -> None:
    """Add one row for each reader; the senders begin while it goes on."""
    if plan.begin(mailing_id):
        ring_senders(send_mailing, mailing_id, reconcile.MOST_BELLS)
    if plan.plan(mailing_id, run_seconds=PLAN_SECONDS) is None:
        plan_mailing.delay(mailing_id)


@app.task(queue=BULK)
def send_mailing(mailing_id: int, bell: int, shard: int) -> None:
    """Send batches of a campaign for some seconds, then ring for the rest; each shard takes what no other has."""
    if reconcile.is_current(mailing_id, bell) and send.send_due(mailing_id).has_more:
        send_mailing.delay(mailing_id, bell, shard)


@app.task(queue=MAIL)
def take_sign_ups() -> None:
    """Act on the wishes to subscribe that the web has kept, and send their confirmation mails."""
    time.sleep(GATHER_SECONDS)  # many wishes in one transaction, rather than many transactions
    bell_heard("sign-ups")  # a wish kept from here on rings again
    planned = confirmation.plan_sign_ups()
    for mailing_id in planned.mailing_ids:
        ring_senders(send_confirmations, mailing_id, 1)
    if planned.has_more:
        take_sign_ups.delay()


@app.task(queue=MAIL)
def send_confirmations(mailing_id: int, bell: int, shard: int) -> None:
    """Send what is due of a confirmation mailing, never behind a campaign."""
    if reconcile.is_current(mailing_id, bell) and send.send_due(mailing_id).has_more:
        send_confirmations.delay(mailing_id, bell, shard)


@app.task(queue=DEFAULT)
def bring_in_readers(import_id: int) -> None:
    """Try out, bring in, stop or take back a table of readers for some seconds, then ring for the rest."""
    if work.work(import_id, mailed=mailed.mailed_among, run_seconds=IMPORT_SECONDS):
        bring_in_readers.delay(import_id)


@app.task(queue=DEFAULT)
def do_in_bulk(job_id: int) -> None:
    """Do one thing to many subscribers for some seconds, then ring for the rest."""
    if bulk.run(job_id, erase=partial(erase_reader, now=timezone.now()), now=timezone.now(), run_seconds=IMPORT_SECONDS):
        do_in_bulk.delay(job_id)


@app.task(queue=DEFAULT)
def tidy_imports() -> None:
    """Delete what imports have left, and index for the search what was written past it."""
    imports.sweep(timezone.now())
    index_missing()


@app.task(queue=DEFAULT)
def tick() -> None:
    """Find everything that is due and ring for it; mend what dead workers left; close what is done."""
    now = timezone.now()
    reconcile.reconcile()
    for campaign_id in control.due(now):
        start_campaign.delay(campaign_id)
    for import_id in imports.due(now):
        bring_in_readers.delay(import_id)
    for job_id in bulk.due(now):
        do_in_bulk.delay(job_id)
    ring_mailings()
    if confirmation.sign_ups_wait():
        take_sign_ups.delay()
    for publication_id in due.due(now):
        publish_feeds.delay(publication_id)
    for publication_id in editions.claim_due(now):
        publish_private_feeds.delay(publication_id)
    if rounds.waits(now):
        ring_once(HUB_BELL, go_hub_round.name, queue=FEEDS)
    reconcile.close_finished()
    control.finish_closed(now)


@app.task(queue=DEFAULT)
def read_what_came_back() -> None:
    """Act on mail that came back and on refusals at the wire; pause the domains that refuse us, and tell staff."""
    now = timezone.now()
    read_inbound.read_inbound(timezone.now)
    take_refusals.take_refusals(now)
    faults.pause_domains(now)
    alert.tell_staff(now)


@app.task(queue=DEFAULT)
def look_into_mailbox() -> None:
    """Fetch what waits in the mailbox for returned mail, if there is one, and forget what is old."""
    fetch_from_mailbox(timezone.now)
    tidy.tidy(timezone.now())


def ring_mailings() -> None:
    """Ring for each mailing that wants planning or sending."""
    for bell in reconcile.bells():
        if bell.is_planning:
            plan_mailing.delay(bell.mailing_id)
        elif bell.kind == Mailing.Kind.CONFIRMATION:
            ring_senders(send_confirmations, bell.mailing_id, 1)
        else:
            ring_senders(send_mailing, bell.mailing_id, bell.senders)


def ring_senders(task: Task[[int, int, int], None], mailing_id: int, how_many: int) -> None:
    """Start so many chains of a sending task, one for each shard; older chains of the mailing end."""
    bell = reconcile.new_bell(mailing_id)
    for shard in range(how_many):
        task.delay(mailing_id, bell, shard)


@worker_ready.connect
@worker_process_init.connect
def _begin_calmly(**_: object) -> None:
    """What a sender does once in a process, before the first campaign waits for it."""
    send.calm_the_collector()


@worker_shutdown.connect
@worker_process_shutdown.connect
def _end_politely(**_: object) -> None:
    """A worker that stops waits for what is at the wire, then says goodbye to its servers."""
    send.wait_for_replies(LAST_REPLIES_SECONDS)
    send.close_connections()


app.conf.beat_schedule = {
    "tick": {
        "task": "syndication.tasks.tick",
        "schedule": TICK_SECONDS,
        # a tick that waited in vain is worth nothing: the next one finds the same rows
        "options": {"queue": DEFAULT, "expires": 5 * TICK_SECONDS},
    },
    "read what came back": {
        "task": "syndication.tasks.read_what_came_back",
        "schedule": TICK_SECONDS,
        "options": {"queue": DEFAULT, "expires": TICK_SECONDS},
    },
    "tidy the feeds": {
        "task": "syndication.tasks.tidy_feeds",
        "schedule": TIDY_SECONDS,
        "options": {"queue": FEEDS, "expires": TIDY_SECONDS},
    },
    "tidy imports": {
        "task": "syndication.tasks.tidy_imports",
        "schedule": TIDY_SECONDS,
        "options": {"queue": DEFAULT, "expires": TIDY_SECONDS},
    },
    "look after feeds": {
        "task": "syndication.tasks.look_after_feeds",
        "schedule": LOOK_AFTER_FEEDS_SECONDS,
        "options": {"queue": FEEDS, "expires": LOOK_AFTER_FEEDS_SECONDS},
    },
    "look into the mailbox": {
        "task": "syndication.tasks.look_into_mailbox",
        "schedule": MAILBOX_SECONDS,
        "options": {"queue": DEFAULT, "expires": MAILBOX_SECONDS},
    },
}
