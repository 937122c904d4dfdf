"""Knows how many sign-ups may come: from one address, network or domain, to one form, to all; and when that is an attack."""

from dataclasses import dataclass, field

HOUR, MINUTE = 3600, 60
ATTACK_SECONDS = 10 * MINUTE  # how long work is asked for after the last minute that was too busy
PROOF_SECONDS = 15 * MINUTE  # how long a solved challenge is remembered: longer than it is valid
SLOW_SECONDS, MOST_SLOW = 10 * MINUTE, 20  # those who waited instead of working, each form
LOCAL_SHARE = 4  # without Redis each process counts for itself and lets only a fourth in


@dataclass(frozen=True, slots=True)
class Limits:
    """Sign-ups an hour; `proof`: admitted in one minute by one form, `proof_all` by all, above which work is asked for. 0: no limit."""

    address: int = 10
    network: int = 30
    domain: int = 300
    form: int = 2000
    everything: int = 5000
    proof: int = 60
    proof_all: int = 120


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who asks for what; `network` empty when it is not known. The three texts are hashes already where they are counted."""

    form: int
    address: str
    domain: str
    network: str = ""


@dataclass(frozen=True, slots=True)
class Counter:
    """So many in so many seconds, under a key; `name` says what it counts."""

    name: str
    key: str
    most: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """A counter of a minute which, when it passes `most`, sets `alarm` for a while."""

    counter: Counter
    alarm: str


@dataclass(frozen=True, slots=True)
class Question:
    """All that is asked of the counters at once.

    proof  the key of a solved challenge or a wait that was served, used at most once; empty: there is none
    """

    counters: tuple[Counter, ...]
    alarms: tuple[Alarm, ...]
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the counters say: welcome when both are empty.

    limited_by     the name of the counter that is full, and `wait_seconds` until it is empty again
    needs_proof    there is an attack, and no proof that was not used before
    """

    limited_by: str = ""
    wait_seconds: int = 0
    needs_proof: bool = False

    @property
    def is_welcome(self) -> bool:
        """Whether the wish may go on."""
        return not (self.limited_by or self.needs_proof)


def question(limits: Limits, attempt: Attempt, *, proof: str = "", is_slow: bool = False) -> Question:
    """What to ask for one attempt; `is_slow`: its proof is a wait, of which there are few."""
    counters = [
        Counter("address", f"address:{attempt.address}", limits.address, HOUR),
        Counter("network", f"network:{attempt.network}", limits.network if attempt.network else 0, HOUR),
        Counter("domain", f"domain:{attempt.domain}", limits.domain, HOUR),
        Counter("form", f"form:{attempt.form}", limits.form, HOUR),
        Counter("everything", "everything", limits.everything, HOUR),
        Counter("slow", f"slow:{attempt.form}", MOST_SLOW if is_slow else 0, SLOW_SECONDS),
    ]
    alarms = [
        Alarm(Counter("proof", f"rate:{attempt.form}", limits.proof, MINUTE), f"attack:{attempt.form}"),
        Alarm(Counter("proof_all", "rate", limits.proof_all, MINUTE), "attack"),
    ]
    return Question(
        counters=tuple(one for one in counters if one.most),
        alarms=tuple(one for one in alarms if one.counter.most),
        proof=f"proof:{proof}" if proof else "",
    )


@dataclass(slots=True)
class Window:
    """A count that ends."""

    count: int
    ends_at: float


@dataclass(slots=True)
class LocalCounters:
    """The counters of one process, for while Redis is away: the same rule as the script in counters.py, with a fourth of each number."""

    share: int = LOCAL_SHARE
    kept: dict[str, Window] = field(default_factory=dict)
    most_kept: int = 100_000

    def ask(self, asked: Question, now: float) -> Answer:
        """Count one attempt at `now` (seconds), unless it is refused."""
        self._forget(now)
        for counter in asked.counters:
            window = self.kept.get(counter.key)
            if window and window.count >= max(1, counter.most // self.share):
                return Answer(limited_by=counter.name, wait_seconds=max(1, round(window.ends_at - now)))
        if any(alarm.alarm in self.kept for alarm in asked.alarms):
            if not asked.proof or asked.proof in self.kept:
                return Answer(needs_proof=True)
            self.kept[asked.proof] = Window(1, now + PROOF_SECONDS)
        for counter in asked.counters:
            self._count(counter, now)
        for alarm in asked.alarms:
            if self._count(alarm.counter, now) > max(1, alarm.counter.most // self.share):
                self.kept[alarm.alarm] = Window(1, now + ATTACK_SECONDS)
        return Answer()

    def _count(self, counter: Counter, now: float) -> int:
        window = self.kept.setdefault(counter.key, Window(0, now + counter.seconds))
        window.count += 1
        return window.count

    def _forget(self, now: float) -> None:
        ended = [key for key, window in self.kept.items() if window.ends_at <= now]
        for key in ended:
            del self.kept[key]
        for key in list(self.kept)[: max(0, len(self.kept) - self.most_kept)]:
            del self.kept[key]
