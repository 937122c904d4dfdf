"""Consent against a model of each person's last word: nobody whose last word was no is ever mailed, in whatever order things happen.

Real steps and a real database do everything; who is mailed is what a real plan and a real claim say. The model knows nothing of states:
only what the person said, and what staff and mail servers said about the address.
"""

import itertools
from contextlib import suppress as leaving_out
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from django.db.models import Q
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RULE_MARKER, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from syndication.audience import change, consent, erase, subscribe
from syndication.audience import importing as imports
from syndication.audience.imports.undo import undo_some
from syndication.audience.keys import address_hash, copy_key
from syndication.audience.lists import create_list
from syndication.audience.models import ConsentRecord, ImportJob, ReaderEvent, Subscriber, Subscription, Suppression
from syndication.audience.self_service import leave, preferences
from syndication.audience.self_service.choices import Frequency
from syndication.audience.subscribe import Person
from syndication.audience.suppression import release, suppress
from syndication.audience.suppression.domain_rules import put, take_back
from syndication.audience.table.rows import Row
from syndication.audience.tokens import of_copy
from syndication.delivery.bounces import rules
from syndication.delivery.bounces.letters.copies import Copy
from syndication.delivery.ledger import forget, plan
from syndication.delivery.ledger import statements as ledger
from syndication.delivery.ledger.mailed import mailed_among
from syndication.delivery.models import Mailing
from syndication.errors import NotFound, SyndicationError

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PEOPLE = ("ada@example.org", "bo@trash.example")
SPELLINGS = (str, str.upper)
LISTS = ("news", "other")  # the second one is another publication's
BY = "ines@example.org"


def imported(row, to, *, confirmed, now):
    """One row through the real import; the job, by which it can be taken back."""
    job = ImportJob.objects.create(list=to, confirmed=confirmed)
    imports.import_rows([row], imports.Plan(to, confirmed=confirmed, dry_run=False, now=now, job=job, suppresses_left=True))
    return job


def undone(job, *, now):
    while undo_some(Q(pk=job.pk), mailed=mailed_among, now=now):
        pass


# Most of what is said is said by one person about one list, and most of what is final strikes the other: only then do long stories come about.
people, lists = (st.sampled_from([one, one, one, other]) for one, other in (PEOPLE, LISTS))
struck = st.sampled_from([PEOPLE[0], *PEOPLE[1:] * 3])


class Consent(RuleBasedStateMachine):
    """Three people, three lists, two publications."""

    def __init__(self):
        super().__init__()
        self.now = START
        self.words = {}  # (person, list) -> True for yes, False for no; the last one counts
        self.said_no_at, self.agreed = {}, set()  # (person, list); agreed: there was a subscription to come back to
        self.jobs = []  # imports that can be taken back
        self.complained, self.erased = set(), set()  # (person, publication), person
        self.by_staff, self.bounced = set(), set()  # (person, publication or None), person
        self.links = []  # of confirmation mails: person, list, when asked
        self.mailings, self.rounds = {}, itertools.count()
        self.paused, self.off = set(), False
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    @initialize(agreed=st.booleans())
    def begin(self, agreed):
        from support.publications import make_publication

        ours, theirs = make_publication("ours"), make_publication("theirs")
        self.lists = {name: create_list(name, publication=theirs if name == "other" else ours) for name in LISTS}
        self.lease = ledger.open_lease("a run", "here:1", site="site", boot="boot")

        for person in PEOPLE:
            for name, to in self.lists.items():
                imported(Row(2, person), to, confirmed=agreed, now=self.now)
                self.note_agreed(person, name)

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    # ---------------------------------------------------------------- what is known of a person
    def reader(self, person):
        return Subscriber.objects.filter(address_hash=address_hash(person)).first()

    def publication(self, name):
        return self.lists[name].publication

    def told(self, person, name):
        """A copy of the last mailing of a list, whose tokens the person has in hand."""
        reader = self.reader(person)
        return Copy(self.mailings[name][0].pk, reader.pk, self.lists[name].pk) if reader and name in self.mailings else None

    def state(self, person, name):
        """The subscription's state, "" without one: only to know whether a step was news."""
        found = Subscription.objects.filter(subscriber=self.reader(person), list=self.lists[name]).first() if self.reader(person) else None
        return found.state if found else ""

    def says_yes(self, person, name):
        self.words[person, name] = True
        self.agreed.add((person, name))

    def says_no(self, person, name):
        self.words[person, name] = False
        self.said_no_at[person, name] = self.now

    def note_agreed(self, person, name):
        if self.state(person, name) == "confirmed":
            self.agreed.add((person, name))

    # ---------------------------------------------------------------- the person
    @rule(person=people, name=lists, spelling=st.sampled_from(SPELLINGS))
    def ask(self, person, name, spelling):
        if subscribe.ask(spelling(person), list_ids=[self.lists[name].pk], how="form", now=self.now):
            self.links.append((person, self.reader(person).pk, name, self.now))

    @rule(which=st.integers(0, 3))
    def confirm(self, which):
        """Any link that was ever sent, however old, and whatever was said since."""
        if not self.links:
            return
        person, reader, name, asked_at = self.links[-1 - which % len(self.links)]
        before = self.state(person, name)
        subscribe.confirm(subscribe.confirmation_token(reader, self.lists[name].pk, asked_at), how="link", now=self.now)
        is_fresh = self.now - asked_at <= subscribe.CONFIRM_WITHIN and asked_at >= self.said_no_at.get((person, name), START)
        if is_fresh and self.is_news(person, name, before):
            self.says_yes(person, name)

    @rule(person=people, name=lists, how=st.sampled_from(["link", "one-click", "mailto"]))
    def unsubscribe(self, person, name, how):
        copy = self.told(person, name)
        if copy and leave.unsubscribe(of_copy(*copy, copy_key()).unsubscribe, how=how, now=self.now):
            self.says_no(person, name)

    @rule(person=people, name=lists)
    def undo(self, person, name):
        """The person takes the leaving back, by the same link; that is a yes only where there was one before."""
        copy, before = self.told(person, name), self.state(person, name)
        if copy:
            leave.undo(of_copy(*copy, copy_key()).unsubscribe, now=self.now)
        left_at = self.said_no_at.get((person, name))
        may_come_back = (person, name) in self.agreed and left_at and self.now - left_at <= leave.UNDO_WITHIN
        if may_come_back and self.is_news(person, name, before):
            self.says_yes(person, name)

    def is_news(self, person, name, before):
        return before != "confirmed" and self.state(person, name) == "confirmed"

    @rule(person=people, name=lists)
    def join_by_preferences(self, person, name):
        right, before = self.right(person, name), self.state(person, name)
        if right:
            with leaving_out(SyndicationError):
                preferences.join(right, name, now=self.now)
                if before != "confirmed":
                    self.paused.discard((person, name))
                    self.says_yes(person, name)

    @rule(person=people, name=lists)
    def leave_by_preferences(self, person, name):
        right = self.right(person, name)
        if right:
            with leaving_out(SyndicationError):
                preferences.leave(right, name, now=self.now)
                self.says_no(person, name)

    @rule(person=people, name=lists, days=st.integers(-1, 2), frequency=st.sampled_from([Frequency.EACH, Frequency.FEED]))
    def pause(self, person, name, days, frequency):
        right = self.right(person, name)
        until = datetime.now(UTC).date() + timedelta(days=days)
        with leaving_out(NotFound):
            if right:
                preferences.choose(right, name, frequency=frequency, paused_until=until, now=self.now)
                wants_none = days > 0 or frequency == Frequency.FEED
                (self.paused.add if wants_none else self.paused.discard)((person, name))

    def right(self, person, name):
        copy = self.told(person, name)
        return preferences.right_of(copy.subscriber, copy.list, made_at=self.now) if copy else None

    @rule(person=struck)
    def erase(self, person):
        with leaving_out(NotFound):
            forget.erase_reader(person, now=self.now)
            self.erased.add(person)
            for name in LISTS:
                self.agreed.discard((person, name))
                self.paused.discard((person, name))

    # ---------------------------------------------------------------- staff and files
    @rule(
        person=people,
        name=lists,
        confirmed=st.booleans(),
        spelling=st.sampled_from(SPELLINGS),
        standing=st.sampled_from(["", "unsubscribed"]),
    )
    def import_file(self, person, name, confirmed, spelling, standing):
        job = imported(Row(2, spelling(person), standing=standing), self.lists[name], confirmed=confirmed, now=self.now)
        self.jobs.append(job)
        self.note_agreed(person, name)

    @rule(which=st.integers(0, 3))
    def take_an_import_back(self, which):
        if self.jobs:
            undone(self.jobs.pop(which % len(self.jobs)), now=self.now)

    @rule(person=people, name=lists, confirmed=st.booleans())
    def add_by_staff(self, person, name, confirmed):
        with leaving_out(SyndicationError):
            subscribe.add(Person(person), to=self.lists[name], confirmed=confirmed, how="staff", now=self.now)
            self.note_agreed(person, name)

    @rule(person=struck, name=st.sampled_from([None, LISTS[0]]))
    def suppress(self, person, name):
        where = self.publication(name) if name else None
        suppress.suppress(person, reason="staff", publication=where, by=BY)
        self.by_staff.add((person, where and where.pk))

    @rule(person=people, name=st.sampled_from([None, LISTS[0]]), own_word=st.booleans())
    def unsuppress(self, person, name, own_word):
        where = self.publication(name) if name else None
        try:
            suppress.unsuppress(person, publication=where, by=BY, own_word=own_word, note="wrote on Monday" if own_word else "")
        except SyndicationError:
            return
        self.by_staff.discard((person, where and where.pk))
        if where is None:
            self.bounced.discard(person)
        if own_word:  # what the person says now is newer than complaint and erasure
            self.complained.discard((person, where and where.pk))
            if where is None and person in self.erased:
                self.erased.discard(person)
                for one in LISTS:
                    self.words.pop((person, one), None)
                    self.said_no_at.pop((person, one), None)

    @rule(blocked=st.sampled_from([False, False, True]))
    def block_or_free_a_domain(self, blocked):
        if blocked != self.off:
            self.off = blocked
            put("trash.example", kind="block") if blocked else take_back("trash.example")

    # ---------------------------------------------------------------- what comes back
    @rule(person=struck, name=lists, kind=st.sampled_from([ReaderEvent.Kind.HARD_BOUNCE, ReaderEvent.Kind.SOFT_BOUNCE]))
    def bounce(self, person, name, kind):
        copy = self.told(person, name)
        if copy and rules.bounced(copy, rules.Hit(kind, "bounce mail", "gone", "550 5.1.1"), self.now) and kind == "hard bounce":
            self.bounced.add(person)

    @rule(person=struck, name=lists)
    def complain(self, person, name):
        copy = self.told(person, name)
        if copy and rules.complained(copy, "complaint mail", "abuse", self.now):
            self.complained.add((person, self.publication(name).pk))

    @rule(which=st.integers(0, 3), note=st.sampled_from(["", "wrote on Monday"]))
    def undo_event(self, which, note):
        events = list(ReaderEvent.objects.filter(kind__in=release.UNDOABLE).order_by("pk"))
        if not events:
            return
        event = events[which % len(events)]
        if event.reversed_by.exists():
            return
        with leaving_out(SyndicationError):
            release.undo_event(event.pk, BY, now=self.now, note=note)
            person = event.subscriber.address
            if event.kind == ReaderEvent.Kind.COMPLAINT:
                self.complained.discard((person, event.publication_id))
            else:
                self.bounced.discard(person)

    @rule(days=st.sampled_from([1, 4, 40]))
    def time_passes(self, days):
        self.now += timedelta(days=days)

    # ---------------------------------------------------------------- what must hold
    @invariant()
    def nobody_whose_last_word_was_no_is_mailed(self):
        """Also by what was planned before this step."""
        if not hasattr(self, "lists"):
            return
        self.now += timedelta(minutes=5)
        for name, to in self.lists.items():
            before = self.mailable(name) if name in self.mailings else set()
            self.plan(name, to)
            for person in before | self.mailable(name):
                assert not self.why_not(person, name), f"{person} is mailed by {name} although {self.why_not(person, name)}"
            for person in PEOPLE:
                if self.words.get((person, name)) and not self.is_held(person, name):
                    assert person in self.mailable(name), f"{person} agreed to {name} and nothing is in the way"

    def why_not(self, person, name):
        publication = self.publication(name).pk
        reasons = {
            "said no": self.words.get((person, name)) is False,
            "complained": (person, publication) in self.complained,
            "was erased": person in self.erased,
            "has paused or reads the feed": (person, name) in self.paused,
            "staff said no": bool({(person, publication), (person, None)} & self.by_staff),
            "the mailbox is gone": person in self.bounced,
            "the domain is blocked": self.off and person.endswith("trash.example"),
        }
        return ", ".join(reason for reason, holds in reasons.items() if holds)

    def is_held(self, person, name):
        """Besides what the model knows, an import or enough soft bounces may hold an address back."""
        return bool(self.why_not(person, name)) or suppress.is_suppressed(address_hash(person), self.publication(name).pk)

    def plan(self, name, to):
        mailing = Mailing.objects.create(
            key=f"campaign:{next(self.rounds)}", publication=to.publication, list=to, subject="s", html="h", text="t", frozen_at=self.now
        )
        plan.begin(mailing.pk)  # three readers fit the first batch
        self.mailings[name] = (mailing, ledger.claim(mailing.pk, self.lease))

    def mailable(self, name):
        mailing, batch = self.mailings[name]
        return {row.address for row in ledger.rows_of(mailing, batch) if row.is_eligible} if batch else set()


def tried(examples):
    return settings(
        max_examples=examples, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
    )


@pytest.mark.database
@pytest.mark.django_db
def test_whatever_happens_nobody_whose_last_word_was_no_is_mailed():
    run_state_machine_as_test(Consent, settings=tried(25))


def brings_back(state, act, kept=consent.after):
    """An import, or staff, adds anew whoever left."""
    is_back = state == "unsubscribed" and act is consent.Act.ADD_CONFIRMED
    return consent.State.CONFIRMED if is_back else kept(state, act)


def any_undo(subscription, now):
    return subscription.state == Subscription.State.UNSUBSCRIBED


def everything(scope, reasons, *, kept=suppress.lift, **more):
    """Lifting one reason frees the address of all."""
    return kept(scope, [*Suppression.Reason.values], **more)


def no_longer_the_last_word(subscription_id, act, *, kept=change.change, **more):
    """A no that is said again does not count: as it was until this machine was built."""
    before = Subscription.objects.get(pk=subscription_id).changed_at
    found = kept(subscription_id, act, **more)
    if act is consent.Act.LEAVE and found.state == "unsubscribed" and ConsentRecord.objects.filter(at=more["now"]).count() == 0:
        Subscription.objects.filter(pk=subscription_id).update(changed_at=before)
    return found


class Mutant(NamedTuple):
    """A mistake, and the rules by which a story comes to it; the whole machine finds them too, some of them after minutes."""

    changes: list[tuple[Any, str, Any]]
    rules: set[str]


MUTANTS = {
    "staff brings back who left": Mutant([(consent, "after", brings_back)], {"unsubscribe", "add_by_staff"}),
    "an undo needs no yes before and no haste": Mutant([(leave, "_can_undo", any_undo)], {"unsubscribe", "undo", "time_passes"}),
    "an old link confirms": Mutant([(subscribe, "_left_after", lambda *_: False)], {"ask", "unsubscribe", "confirm"}),
    "lifting one reason lifts all": Mutant(
        [(suppress, "lift", everything), (release, "lift", everything)], {"suppress", "bounce", "undo_event"}
    ),
    "erasing suppresses nobody": Mutant([(erase, "suppress_hash", lambda *_, **__: None)], {"erase", "add_by_staff"}),
    "a second no does not count": Mutant(
        [(leave, "change", no_longer_the_last_word), (preferences, "change", no_longer_the_last_word)], {"ask", "unsubscribe", "confirm"}
    ),
    "a blocked domain is mailed": Mutant(
        [(ledger, "refused_among", lambda *_: {}), (plan, "refused_among", lambda *_: {})], {"block_or_free_a_domain"}
    ),
    "a complaint suppresses nobody": Mutant([(rules, "suppress_hash", lambda *_, **__: None)], {"complain"}),
}


def with_only(names):
    """The machine without its other rules."""
    others = {name for name, member in vars(Consent).items() if hasattr(member, RULE_MARKER)} - names
    return type("Focused", (Consent,), dict.fromkeys(others))


@pytest.mark.django_db
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mistake_is_found(mutant, monkeypatch):
    for module, name, wrong in MUTANTS[mutant].changes:
        monkeypatch.setattr(module, name, wrong)
    with pytest.raises(AssertionError, match="is mailed by"):
        run_state_machine_as_test(with_only(MUTANTS[mutant].rules), settings=tried(200))
