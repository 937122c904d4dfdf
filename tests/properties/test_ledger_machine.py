"""The ledger against a model: whatever senders, deaths, readers and staff do in whatever order, nobody gets it twice, nobody is lost.

The real run, ledger, journal and reconciler work on the real database; only the wire is played, so that every moment can be chosen.
"""

import shutil
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from syndication.articles.models import Article
from syndication.audience.importing import Plan, import_rows
from syndication.audience.lists import create_list
from syndication.audience.models import Subscriber
from syndication.audience.self_service import leave
from syndication.audience.table.rows import Row
from syndication.campaigns import control
from syndication.campaigns.create import Wish, create
from syndication.campaigns.status import status, verify
from syndication.delivery.journal.files import JournalFile
from syndication.delivery.ledger import plan, reconcile
from syndication.delivery.limits.limiter import Limiter
from syndication.delivery.mailing.compose import composer_of
from syndication.delivery.models import Batch, Delivery, Mailing
from syndication.delivery.outcome import Answer, Stage
from syndication.delivery.sending import run
from syndication.delivery.sending.letters import Desk
from syndication.delivery.sending.run import Run
from syndication.delivery.servers.routing import Server
from syndication.delivery.states import Doubt, State
from syndication.environment import SmtpAddress

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Server(0, "here", SmtpAddress("127.0.0.1", 1), 1, 10, 0)
FATES = ["taken", "taken", "taken", "later", "no", "lost before", "lost after, taken", "lost after, not taken", "returned"]
MOMENTS = ["after-claim", "before-dot", "at the wire", "after-reply", "before-settle", "after-settle"]


class Died(BaseException):
    """The process is gone at this moment: nothing after it runs."""


class PlayedWire:
    """An exchange of three lines whose server does what the machine drew."""

    def __init__(self, world, fates, die_at):
        self.world, self.fates, self.die_at = world, list(fates), die_at
        self.in_flight = 0

    def staff(self, server, lines):
        pass

    def ready_lines(self, server):
        return 0

    def wake(self):
        pass

    def turn(self, longest_seconds):
        letters = [letter for letter in (self.room.next_job(HERE.address) for _ in range(3)) if letter]
        begun = [letter for letter in letters if self.room.begin(letter) or self.room.returned(letter)]
        self.in_flight = len(begun)
        self.room.flush()
        fates = [self.fates.pop() if self.fates else "taken" for _ in begun]
        for letter, fate in zip(begun, fates, strict=True):
            if fate in {"taken", "lost after, taken"}:
                self.world.taken[letter.parcel.recipient] += 1
        self.die_if("at the wire")
        for letter, fate in zip(begun, fates, strict=True):
            self.in_flight -= 1
            self.tell(letter, fate)
        self.room.flush()

    def tell(self, letter, fate):
        if fate == "taken":
            self.room.answered(letter, Answer(Stage.DOT, 250, "2.0.0 queued as 4Fz1234"))
        elif fate == "later":
            self.room.answered(letter, Answer(Stage.RCPT, 451, "4.3.0 later"))
        elif fate == "no":
            self.world.refused.add(letter.parcel.recipient)
            self.room.answered(letter, Answer(Stage.RCPT, 550, "5.1.1 nobody"))
        elif fate == "returned":
            self.room.returned(letter)
        else:
            self.room.lost(letter, "gone", after_dot=fate.startswith("lost after"))

    def die_if(self, moment):
        if self.die_at and self.die_at[0] == moment:
            self.die_at = (moment, self.die_at[1] - 1)
            if self.die_at[1] <= 0:
                raise Died


class Ledger(RuleBasedStateMachine):
    """One campaign to nine readers."""

    def __init__(self):
        super().__init__()
        self.taken, self.refused, self.left, self.again = Counter(), set(), set(), set()
        self.folder = Path(tempfile.mkdtemp(prefix="journal-"))
        self.kept_folder, django_settings.JOURNAL = django_settings.JOURNAL, self.folder
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    @initialize(doubt=st.sampled_from(Doubt))
    def begin(self, doubt):
        self.doubt = doubt
        from support.publications import make_publication

        publication = make_publication("played")
        news = create_list("news", publication=publication)
        self.addresses = [f"r{number}@example.org" for number in range(9)]
        import_rows([Row(line, one) for line, one in enumerate(self.addresses, 2)], Plan(news, confirmed=True, dry_run=False, now=NOW))
        article = Article.objects.create(
            publication=publication, slug="news", title="News", html="<p>News.</p>", language="en", updated_at=NOW
        )
        self.news, self.campaign = news, create(Wish(article, news), now=NOW).campaign.pk
        self.mailing = control.start(self.campaign, now=datetime.now(UTC))
        Mailing.objects.update(on_doubt=doubt)
        plan.begin(self.mailing)

    def teardown(self):
        try:
            if hasattr(self, "mailing"):
                self.come_to_an_end()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)
            django_settings.JOURNAL = self.kept_folder
            shutil.rmtree(self.folder)

    # ---------------------------------------------------------------- what may happen
    @rule()
    def plan_to_the_end(self):
        plan.plan(self.mailing)

    @rule(
        fates=st.lists(st.sampled_from(FATES), min_size=3, max_size=9), moment=st.sampled_from([None, *MOMENTS]), passing=st.integers(1, 3)
    )
    def send(self, fates, moment, passing):
        wire = PlayedWire(self, fates, (moment, passing) if moment else None)
        run.reach = wire.die_if
        journal = JournalFile(self.folder)
        try:
            mailing = Mailing.objects.get(pk=self.mailing)
            one = Run(mailing, Desk(composer_of(mailing), wire, Limiter()), journal)
            one.staff([HERE], 3)
            one.work(time.monotonic() + 60)
            one.finish()
        except Died:
            journal.close()  # what the kernel does

    @rule()
    def tick(self):
        reconcile.reconcile()
        reconcile.close_finished()
        control.finish_closed(NOW)

    @rule(number=st.integers(0, 8))
    def unsubscribe(self, number):
        reader = Subscriber.objects.get(address=self.addresses[number])
        leave.unsubscribe(leave.unsubscribe_token(reader.pk, self.news.pk), how="link", now=NOW)
        if not self.taken[reader.address]:
            self.left.add(reader.address)

    @rule()
    def time_passes(self):
        Delivery.objects.filter(due_at__isnull=False).update(due_at=LONG_AGO)
        Batch.objects.filter(due_at__isnull=False).update(due_at=LONG_AGO)

    @precondition(lambda self: status(self.campaign).state == "running")
    @rule()
    def pause(self):
        control.pause(self.campaign)

    @precondition(lambda self: status(self.campaign).state == "paused")
    @rule()
    def resume(self):
        control.resume(self.campaign)

    @precondition(lambda self: status(self.campaign).state in {"running", "paused", "finished"})
    @rule()
    def send_the_held_again(self):
        """A person takes the risk: from here these may come twice."""
        held = Delivery.objects.filter(state=State.HELD).values_list("subscriber__address", flat=True)
        self.again |= set(held)
        control.settle_held(self.campaign, as_delivered=False, by="ada")

    @precondition(lambda self: status(self.campaign).state in {"running", "paused", "finished"})
    @rule()
    def retry_failed(self):
        control.retry_failed(self.campaign)

    # ---------------------------------------------------------------- what must hold
    @invariant()
    def nobody_gets_it_twice(self):
        allowed = 1 if getattr(self, "doubt", Doubt.HOLD) == Doubt.HOLD else 2
        assert all(count <= allowed for address, count in self.taken.items() if address not in self.again)

    @invariant()
    def nobody_who_left_before_is_mailed(self):
        assert not [address for address in self.left if self.taken[address]]

    @invariant()
    def the_sums_agree(self):
        if hasattr(self, "mailing"):
            verdict = verify(self.campaign)
            assert verdict.agrees, verdict.lines

    def come_to_an_end(self):
        """Let everything good happen: then every row is final and says what the wire knows."""
        if status(self.campaign).state == "paused":
            control.resume(self.campaign)
        for _ in range(8):
            self.time_passes()
            plan.plan(self.mailing)
            self.tick()
            if status(self.campaign).state == "finished":
                break
            self.send([], None, 1)
        found = status(self.campaign)
        assert found.state == "finished", found
        for row in Delivery.objects.select_related("subscriber"):
            address, state = row.subscriber.address, State(row.state)
            if state is State.DELIVERED:
                assert self.taken[address] >= 1, f"{address} is delivered and never came"
            elif state in {State.BOUNCED, State.FAILED, State.SKIPPED} and address not in self.again:
                assert not self.taken[address] or self.doubt == Doubt.RETRY, f"{address} is {state.word} and came"
            if state is State.BOUNCED:
                assert address in self.refused
            if state is State.SKIPPED:
                assert address in self.left or address in self.again or self.taken[address]


@pytest.mark.database
@pytest.mark.django_db
def test_whatever_happens_nobody_is_lost_and_nobody_gets_it_twice():
    kept = run.reach
    few = settings(max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
    try:
        run_state_machine_as_test(Ledger, settings=few)
    finally:
        run.reach = kept
