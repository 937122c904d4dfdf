"""How a run ends on which a server still thinks."""

import time

import pytest

from syndication.delivery.journal.files import JournalFile
from syndication.delivery.ledger import plan
from syndication.delivery.limits.limiter import Limiter
from syndication.delivery.mailing.compose import composer_of
from syndication.delivery.models import Batch, Delivery, Lease
from syndication.delivery.outcome import Answer, Stage
from syndication.delivery.sending.letters import Desk
from syndication.delivery.sending.run import Run
from syndication.delivery.servers.routing import Server
from syndication.delivery.states import State
from syndication.environment import SmtpAddress

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
HERE = Server(0, "here", SmtpAddress("127.0.0.1", 1), 1, 10, 0)


class ThinkingServer:
    """A line whose server is silent after the first message, with the second one's envelope behind it, until the run only waits."""

    def __init__(self):
        self.in_flight, self.begun, self.refused = 0, [], []
        self.first = self.behind = None

    def staff(self, server, lines):
        """One line."""

    def wake(self):
        """It asks anyway."""

    def ready_lines(self, server):
        return 1

    def close(self, grace_seconds=0):
        """Nothing is open."""

    def turn(self, longest_seconds):
        if self.first is None:
            self.first = self.room.next_job(HERE.address)
            assert self.room.begin(self.first)
            self.behind = self.room.next_job(HERE.address)
            self.in_flight = 2
        self.room.flush()

    def think_no_more(self):
        def turn(longest_seconds):
            if self.first is not None:
                self.room.answered(self.first, Answer(Stage.DOT, 250, "queued as 4Fz12345"))
                self.first = None
            if self.behind is not None:
                if self.room.begin(self.behind):
                    self.begun.append(self.behind)
                else:
                    self.refused.append(self.behind)
                    self.room.returned(self.behind)
                self.behind = self.room.next_job(HERE.address)
            self.in_flight = 0 if self.behind is None else 1
            assert len(self.refused) < 5, "the same job is offered and given back for ever"
            self.room.flush()

        self.turn = turn


def test_what_stands_behind_a_late_reply_is_not_begun_and_goes_back_to_its_row(mailing, readers, tmp_path, monkeypatch):
    monkeypatch.setattr("syndication.delivery.sending.run.LOOK_SECONDS", 0)
    mailing.envelope = {"mail_domain": "weekly.example.org", "from_name": "W", "from_address": "e@weekly.example.org"}
    mailing.envelope |= {"reply_to": "", "list_id": "news.weekly.example.org", "list_name": "News", "kind": "campaign"}
    mailing.save()
    readers(2)
    plan.plan(mailing.pk)
    mailing.refresh_from_db()
    server = ThinkingServer()
    run = Run(mailing, Desk(composer_of(mailing), server, Limiter()), JournalFile(tmp_path))
    run.staff([HERE], 1)
    run.work(time.monotonic() + 0.05)
    server.think_no_more()
    run.see_out()
    assert (server.begun, len(server.refused)) == ([], 1)
    assert sorted(Delivery.objects.values_list("state", flat=True)) == [State.PLANNED, State.DELIVERED]
    assert Batch.objects.get().due_at is not None
    assert not Lease.objects.exists()
