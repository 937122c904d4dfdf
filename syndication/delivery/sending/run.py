"""One sender run: the exchange asks it for messages and tells it what became of them; it keeps journal and ledger right.

Nothing here is done per message that can be done per batch: rows are read, checked and settled by the hundred. Per message there
are a composed parcel, one line in the journal before its final dot and one after the reply.
"""

import logging
import random
import time
from collections import Counter, deque
from collections.abc import Sequence
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection

from syndication.delivery import refusals
from syndication.delivery.crash_points import reach
from syndication.delivery.esp.providers import safe_repeat_seconds
from syndication.delivery.journal import records
from syndication.delivery.journal.files import JournalFile
from syndication.delivery.journal.records import Settled
from syndication.delivery.ledger import statements as ledger
from syndication.delivery.ledger.statements import Came, WaitingRow
from syndication.delivery.limits import warmup
from syndication.delivery.limits.budgets import Reported
from syndication.delivery.models import Mailing
from syndication.delivery.outcome import Answer, Outcome, Stage, Tries, doubt, lost_before_dot, outcome_of, receipt
from syndication.delivery.sending.ahead import Ahead
from syndication.delivery.sending.hello import sender_name
from syndication.delivery.sending.letters import Desk, Letter, OpenBatch, Seen, domain_of
from syndication.delivery.sending.patience import awake_seconds, patiently
from syndication.delivery.servers import lines, routing
from syndication.delivery.servers.routing import OF_THE_ENVIRONMENT, Address, Route, Server
from syndication.delivery.states import Doubt, State
from syndication.environment import EspAccount
from syndication.errors import Unreachable

FEWEST_ANNOUNCED, MOST_ANNOUNCED = 50, 1000  # messages that a power cut may put in doubt
ANNOUNCED_SECONDS = 0.05  # or as many as go out in this time
BYTES_A_MESSAGE = 1536  # what the journal keeps free for each announced one
GROUP = 1000  # outcomes a transaction: a batch that goes quickly is settled once
SETTLE_SECONDS = 0.5
LOOK_SECONDS = 1.0  # how often a run asks who may still be mailed
RENEW_SECONDS = 15
STALE_SECONDS = ledger.LEASE_SECONDS - 15  # without a renewal for so long nothing more goes out
TURN_SECONDS = 0.1
SLOW_SECONDS = 2.0  # a server that thinks longer about a message is slow for its domain
SLOW_LETTERS = 3  # so many such messages at once, and the domain's others wait while the lines serve the rest
SLOW_DOMAIN_SECONDS = 20
SAFE_REPEAT_SECONDS = 3600  # a provider that knows a message so long drops its second copy, so that doubt may be tried again

log = logging.getLogger("syndication.send")


class NothingToSendThrough(Unreachable):
    """Every server that this mailing may use is away."""


class Run:
    """The exchange's mailroom for one mailing. Use: work() until it returns, then finish()."""

    def __init__(self, mailing: Mailing, desk: Desk, journal: JournalFile) -> None:
        self.mailing = mailing
        self.settled = 0
        self.away_because = ""
        self.held_back = ""
        """Which limit or plan let some rows wait, in words for staff."""
        self._domain = mailing.envelope["mail_domain"]
        self._exchange, self._limiter, self._staffed = desk.exchange, desk.limiter, desk.staffed
        self._ahead = Ahead(desk.composer)
        self._journal = journal
        self._lease = patiently(lambda: ledger.open_lease(journal.run, journal.owner, site=journal.site, boot=journal.boot))
        self._batches: list[OpenBatch] = []
        self._ready: deque[tuple[OpenBatch, WaitingRow]] = deque()
        self._withdrawn: set[int] = set()
        self._lines: list[bytes] = []
        self._is_over = self._is_stopped = self._begins_no_more = False
        self._has_more = True
        self._renewed_at = awake_seconds()
        self._next_look = self._next_settling = self._looked_at = 0.0
        self._announce = FEWEST_ANNOUNCED
        self._announced_at = 0.0
        self._servers: dict[Address, Server] = {}
        self._came_back: set[Address] = set()
        self._out: dict[int, Letter] = {}
        self._slow: set[str] = set()
        self._seen: dict[str, Seen] = {}
        self._bounces = 0

    # ------------------------------------------------------------------ the loop
    def work(self, until: float) -> None:
        """Send what is due until nothing is left or the moment `until` (time.monotonic) has come and nothing is on its way.

        Raises NothingToSendThrough, JournalFull, and what the database says when it is away for too long.
        """
        self._exchange.room = self
        while True:
            now = time.monotonic()
            self._is_over = self._is_over or now >= until or self._is_stopped
            if now >= self._next_look:
                self._look(now)
            self._unpark(now)
            self._refill(now)
            if not (self._ready or self._ahead.letters) and not self._exchange.in_flight and (self._is_over or not self._has_parked()):
                break
            if self._is_over:
                self._let_go_of_the_rest()
                if self._is_only_waiting(now, until):
                    break
            self._exchange.turn(TURN_SECONDS)
            reach("after-dot")
            if self.away_because:
                raise NothingToSendThrough(self.away_because)
            self._settle_groups(now)

    def _is_only_waiting(self, now: float, until: float) -> bool:
        """The time is over and what is at the wire needs longer: a server that thinks costs a line, not the run."""
        return not self._exchange.in_flight or now > until + 2 * LOOK_SECONDS

    def finish(self) -> bool:
        """Settle and give back all that is not at the wire; whether nothing is left, so that the journal could go."""
        self._let_go_of_the_rest()
        for batch in list(self._batches):
            self._take_back(batch)
        self._report()
        if self._batches:
            return False
        reach("before-close")
        patiently(lambda: ledger.close_lease(self._lease))
        self._journal.forget()
        return True

    @property
    def has_more(self) -> bool:
        """Whether the mailing may have more batches that are due."""
        return self._has_more and not self._is_stopped

    def see_out(self) -> None:
        """Wait for what the run has left at the wire, then finish and hang up. For a thread of its own.

        Nothing more is begun: nobody asks any longer who may still be mailed.
        """
        self._is_over = self._begins_no_more = True
        try:
            while self._exchange.in_flight:
                self._exchange.turn(LOOK_SECONDS)
                self._renew()
                self._settle_groups(time.monotonic())
            self.finish()
        except Exception:
            log.exception("mailing %s: the last messages of a run are left to the journal", self.mailing.key)
            self._journal.close()
        finally:
            self._exchange.close()
            connection.close()

    # ------------------------------------------------------------------ what the exchange asks and tells
    def next_job(self, server: Address) -> Letter | None:
        """The next message, composed; None: nothing now. A reader whose values break the template fails alone."""
        waiting = self._ahead.letters
        while waiting or self._compose(server):
            row = waiting[0].row
            if row.subscriber in self._withdrawn or (self._slow and domain_of(row) in self._slow):
                self._put_aside(waiting.popleft())
                continue
            letter = self._ahead.take(server)
            if letter is None:
                self._ready.extendleft([(one.batch, one.row) for one in reversed(waiting)])
                waiting.clear()
                continue
            self._out[row.subscriber] = letter
            return letter
        return None

    def _compose(self, server: Address) -> bool:
        """Compose the next letters; False when there is nobody. After a death one by one, to find out whose message it was."""
        ahead = self._ahead
        while self._ready and ahead.has_room:
            batch, row = self._ready.popleft()
            if batch.claim.deaths:
                self._journal.append(records.composing(batch.claim.id, row.subscriber))
            try:
                ahead.compose(batch, row, server)
            except Exception as error:  # noqa: BLE001  # whatever one reader's values break, the others go on
                self._note(batch, row, Outcome(State.FAILED, f"could not be composed: {error}"[:300]), kind="template")
                continue
            reach("composed")
            if batch.claim.deaths:
                break
        return bool(ahead.letters)

    def _put_aside(self, letter: Letter) -> None:
        """Somebody who has left meanwhile, or whose domain's servers think long while others could be served."""
        if letter.row.subscriber in self._withdrawn:
            self._skip(letter.batch, letter.row)
        else:
            self._postpone(letter.batch, letter.row, SLOW_DOMAIN_SECONDS)

    def begin(self, letter: Letter) -> bool:
        """Note the intent; False: the message must not go out."""
        row = letter.row
        if (
            self._is_stopped
            or self._begins_no_more
            or row.subscriber in self._withdrawn
            or awake_seconds() - self._renewed_at > STALE_SECONDS
        ):
            return False
        self._lines.append(records.intent(letter.batch.claim.id, row.subscriber, letter.sent_at, row.attempts + 1))
        return True

    def answered(self, letter: Letter, answer: Answer) -> None:
        """A clear reply. A positive one is what nearly always comes: its record is made here, without a detour."""
        reach("after-reply")
        row, batch = letter.row, letter.batch
        if answer.code != ledger.USUAL_CODE or answer.stage is not Stage.DOT or row.attempts:
            self._refused(letter, answer)
            return
        subscriber, sent_at, name = row.subscriber, letter.sent_at, receipt(answer.text)
        del self._out[subscriber]
        self._lines.append(records.delivered(batch.claim.id, subscriber, sent_at, name))
        batch.taken.append((sent_at, name, subscriber))
        batch.unsettled -= 1
        self._seen_at(row).accepted += 1
        if self._came_back and letter.server in self._came_back:
            self._note_back(letter.server)

    def lost(self, letter: Letter, why: str, *, after_dot: bool) -> None:
        """The connection broke."""
        tries = self._tries(letter.row)
        is_harmless = isinstance(letter.server, EspAccount) and safe_repeat_seconds(letter.server) >= SAFE_REPEAT_SECONDS
        policy = Doubt.RETRY if is_harmless else Doubt(self.mailing.on_doubt)
        outcome = doubt(why, tries, policy) if after_dot else lost_before_dot(why, tries)
        self._note(letter.batch, letter.row, outcome, kind="doubt" if after_dot else "connection", letter=letter)

    def returned(self, letter: Letter) -> None:
        """Surely not transmitted, and no attempt: it goes out later; when the run is over it stays in its row for another one."""
        del self._out[letter.row.subscriber]
        if not (self._is_over or self._is_stopped):  # else it would be offered, and given back, for ever
            self._ready.appendleft((letter.batch, letter.row))

    def away(self, server: Address, why: str) -> None:
        """No connection to a server: it rests, the others take its share; when it was the last one, the mailing waits."""
        if ready := self._exchange.ready_lines(server):  # only one more connection was refused: as many as it takes will do
            self._exchange.staff(server, ready)
            return
        gone = self._servers.pop(server, None)
        if gone is None:
            return
        patiently(lambda: routing.note_away(gone, why))
        if not self._servers:
            self.away_because = why

    def flush(self) -> None:
        """Write the round's intents and outcomes before a byte of it goes out."""
        if self._lines:
            reach("before-dot")
            self._journal.append(b"".join(self._lines))
            self._lines.clear()

    # ------------------------------------------------------------------ inside
    def staff(self, servers: Sequence[Server], wanted: int) -> int:
        """Share the lines between the servers by their weights; how many there are. 0: other senders hold all of them now."""
        for gone in self._staffed - {server.address for server in servers}:
            self._exchange.staff(gone, 0)
        self._staffed.clear()
        turn = random.randrange(1 << 16)  # noqa: S311  # over the runs each server gets its share
        shares, opened = Route(tuple(servers)).shares(wanted, turn), 0
        for server in servers:
            count = min(max(shares[server.id], 1), server.address.connections)
            if server.id != OF_THE_ENVIRONMENT:
                count = patiently(lambda server=server, count=count: lines.lease(server, sender_name(), count))  # type: ignore[misc]
            self._exchange.staff(server.address, count)
            self._staffed.add(server.address)
            opened += count
            self._servers[server.address] = server
            if server.times_away:
                self._came_back.add(server.address)
        return opened

    def _note_back(self, server: Address) -> None:
        self._came_back.discard(server)
        if server in self._servers:
            patiently(lambda: routing.note_back(self._servers[server]))

    def _refused(self, letter: Letter, answer: Answer) -> None:
        """Anything but the usual 250 at the first try."""
        row, kind, seen = letter.row, "", self._seen_at(letter.row)
        is_greylisted = False
        if answer.code >= 400:  # noqa: PLR2004
            refusal = refusals.classify(answer.code, answer.text, answer.stage)
            kind, is_greylisted = refusal.kind.value, refusal.kind is refusals.Kind.GREYLISTED
            if refusal.kind is refusals.Kind.RATE:
                seen.rate_refusals, seen.text = seen.rate_refusals + 1, answer.text
            elif answer.code < 500:  # noqa: PLR2004
                seen.other_4xx += 1
            else:
                self._bounces += 1
        else:
            seen.accepted += 1
        self._note(letter.batch, row, outcome_of(answer, self._tries(row), is_greylisted=is_greylisted), kind=kind, letter=letter)

    def _seen_at(self, row: WaitingRow) -> Seen:
        domain = domain_of(row)
        seen = self._seen.get(domain)
        if seen is None:
            seen = self._seen[domain] = Seen()
        return seen

    def _look(self, now: float) -> None:
        """Once a second: does the lease hold, may the mailing go on, who has left meanwhile."""
        self._next_look = now + LOOK_SECONDS
        self._renew()
        state = patiently(lambda: Mailing.objects.values_list("state", flat=True).get(pk=self.mailing.pk))
        if state not in {Mailing.State.OPEN, Mailing.State.PLANNING}:
            self._is_stopped = True
        self._slow = self._slow_domains(now)
        for batch in self._batches:
            if batch.unsettled:
                self._withdrawn |= patiently(lambda claim=batch.claim: ledger.withdrawn(self.mailing, claim))  # type: ignore[misc]

    def _slow_domains(self, now: float) -> set[str]:
        """Domains for which servers think long, while there are others that could be served meanwhile.

        After a standstill of our own every letter looks old, so nothing is said then.
        """
        stood_still = now - self._looked_at > 2 * LOOK_SECONDS
        self._looked_at = now
        domains = {domain_of(letter.row) for letter in self._out.values()} | {domain_of(row) for _, row in self._waiting}
        if stood_still or len(domains) == 1:
            return set()
        waiting = Counter(domain_of(letter.row) for letter in self._out.values() if now - letter.handed_at > SLOW_SECONDS)
        return {domain for domain, letters in waiting.items() if letters >= SLOW_LETTERS}

    def _renew(self) -> None:
        if awake_seconds() - self._renewed_at < RENEW_SECONDS:
            return
        began = awake_seconds()
        if patiently(lambda: ledger.renew(self._lease)):
            self._renewed_at = began
        else:
            self._is_stopped = True

    def _refill(self, now: float) -> None:
        if self._is_over or len(self._ready) + len(self._ahead.letters) > self._announce // 2:
            return
        source = next((batch for batch in self._batches if batch.left), None) or (self._claim() if self._has_more else None)
        if source is None:
            return
        if self._announced_at:  # as many as went out lately in the time that may be in doubt
            pace = self._announce * ANNOUNCED_SECONDS / max(now - self._announced_at, 1e-3)
            self._announce = int(min(max(pace, FEWEST_ANNOUNCED, self._announce / 2), MOST_ANNOUNCED, 2 * self._announce))
        self._announced_at = now
        rows = self._granted(source, [source.left.popleft() for _ in range(min(self._announce, len(source.left)))], now)
        if not rows:
            return
        self._journal.reserve(BYTES_A_MESSAGE * (len(rows) + self._exchange.in_flight))
        self._journal.append(records.announced(source.claim.id, [row.subscriber for row in rows]))
        self._journal.sync()
        self._ready.extend((source, row) for row in rows)
        self._exchange.wake()

    def _granted(self, batch: OpenBatch, rows: list[WaitingRow], now: float) -> list[WaitingRow]:
        """Those that the limits let go now; the others wait here for a moment, or in their rows for longer."""
        wanted = Counter(map(domain_of, rows))
        grants = patiently(lambda: self._limiter.grant(self._domain, wanted))
        if grants.is_all:
            return rows
        left, may_go, behind = dict(grants.now), [], Counter[str]()
        for row in rows:
            domain = domain_of(row)
            if left.get(domain, 0) > 0:
                left[domain] -= 1
                may_go.append(row)
            else:
                wait = grants.waits.get(domain)
                self.held_back = f"slowed down: {wait.because}" if wait else self.held_back
                self._wait(batch, row, wait.seconds_of(behind[domain]) if wait else LOOK_SECONDS, now)
                behind[domain] += 1
        return may_go

    def _wait(self, batch: OpenBatch, row: WaitingRow, seconds: float, now: float) -> None:
        if seconds <= LOOK_SECONDS:
            batch.parked.append((now + seconds, row))
        else:
            self._postpone(batch, row, seconds)

    def _postpone(self, batch: OpenBatch, row: WaitingRow, seconds: float) -> None:
        due_at = int(time.time() + seconds) + 1
        batch.outcomes.append(Settled(batch.claim.id, row.subscriber, State.DEFERRED, 0, None, due_at))
        batch.unsettled -= 1

    def _let_go_of_the_rest(self) -> None:
        """What was announced and not begun stays where it is, and its domains get their grants back."""
        if rest := self._waiting:
            self._limiter.give_back(self._domain, Counter(domain_of(row) for _, row in rest))
            self._ready.clear()
            self._ahead.letters.clear()

    @property
    def _waiting(self) -> list[tuple[OpenBatch, WaitingRow]]:
        """What is announced and not begun."""
        return [(letter.batch, letter.row) for letter in self._ahead.letters] + list(self._ready)

    def _has_parked(self) -> bool:
        return any(batch.parked for batch in self._batches)

    def _unpark(self, now: float) -> None:
        for batch in self._batches:
            if batch.parked and not batch.left:
                batch.left.extend(row for until, row in batch.parked if until <= now)
                batch.parked = [(until, row) for until, row in batch.parked if until > now]

    def _claim(self) -> OpenBatch | None:
        """The next batch that has somebody to mail."""
        while True:
            claim = patiently(lambda: ledger.claim(self.mailing.pk, self._lease))
            if claim is None:
                self._has_more = False
                return None
            reach("after-claim")
            self._journal.append(records.claimed(claim.id, claim.fence))
            rows = patiently(lambda claim=claim: ledger.rows_of(self.mailing, claim))  # type: ignore[misc]
            batch = OpenBatch(claim, deque(row for row in rows if row.is_eligible), len(rows))
            self._batches.append(batch)
            for row in rows:
                if not row.is_eligible:
                    self._skip(batch, row)
            if batch.left:
                return batch
            self._take_back(batch)

    def _skip(self, batch: OpenBatch, row: WaitingRow) -> None:
        why = ledger.SKIPPED_BECAUSE[Mailing.Kind(self.mailing.kind)]
        batch.outcomes.append(Settled(batch.claim.id, row.subscriber, State.SKIPPED, 0, None, reply=why))
        batch.unsettled -= 1

    def _note(self, batch: OpenBatch, row: WaitingRow, outcome: Outcome, *, kind: str, letter: Letter | None = None) -> None:
        """An outcome that people may ask about, with its time and, when there was one, its server."""
        sent_at, where = (letter.sent_at, "".join(str(letter.server).split())) if letter else (None, "")
        one = Settled(batch.claim.id, row.subscriber, outcome.state, row.attempts + 1, sent_at, outcome.due_at, outcome.code, kind)
        one.reply, one.where, one.at = outcome.reply, where, int(time.time())
        self._lines.append(records.outcome(one))
        batch.outcomes.append(one)
        batch.unsettled -= 1
        if letter:
            del self._out[row.subscriber]

    def _tries(self, row: WaitingRow) -> Tries:
        jitter = random.random()  # noqa: S311  # spreads retries, guards nothing
        since = int(self.mailing.frozen_at.timestamp())
        return Tries(row.attempts + 1, since, int(time.time()), jitter, settings.GIVE_UP_AFTER_HOURS * 3600)

    def _settle_groups(self, now: float) -> None:
        is_time = now >= self._next_settling
        if is_time:
            self._next_settling = now + SETTLE_SECONDS
            self._report()
        for batch in list(self._batches):
            if not batch.unsettled:
                self._take_back(batch)
            elif len(batch.taken) >= GROUP or (is_time and (batch.outcomes or batch.taken)):
                self._settle(batch, release=False)

    def _report(self) -> None:
        """Tell the limits how the domains answered."""
        if self._seen:
            seen, self._seen = self._seen, {}
            told = {name: Reported(one.accepted, one.rate_refusals, one.other_4xx, one.text) for name, one in seen.items()}
            patiently(lambda: self._limiter.report(self._domain, told))
        if self._bounces:
            bounces, self._bounces = self._bounces, 0
            patiently(lambda: warmup.note_bounces(self._domain, bounces, datetime.now(UTC)))

    def _take_back(self, batch: OpenBatch) -> None:
        """Settle a batch and give it back, unless something of it is still at the wire."""
        is_at_wire = self._exchange.in_flight and batch.unsettled
        self._settle(batch, release=not is_at_wire)
        if not is_at_wire:
            self._batches.remove(batch)

    def _settle(self, batch: OpenBatch, *, release: bool) -> None:
        self.flush()
        reach("before-settle")
        came = Came(batch.outcomes, batch.taken)
        batch.outcomes, batch.taken = [], []
        if patiently(lambda: ledger.settle(self.mailing.pk, batch.claim, came, release=release)):
            self.settled += len(came)
        else:
            log.warning("batch %s: somebody else took it over; %s outcomes stay in the journal", batch.claim.id, len(came))
            self._is_stopped = True
        reach("after-settle")
