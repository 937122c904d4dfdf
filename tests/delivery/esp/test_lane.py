"""The lane between the engine's loop and a provider's threads."""

from collections import deque
from dataclasses import dataclass, field

import pytest
from support.providers import CUT, HANG
from support.waiting import wait_until

from syndication.delivery.esp.lane import EspLane
from syndication.delivery.parcel import Parcel


@dataclass(eq=False)
class Job:
    """A message with a number."""

    parcel: Parcel
    number: int


@dataclass
class Room:
    """Remembers all that it is told, in order."""

    jobs: deque[Job] = field(default_factory=deque)
    told: list[tuple] = field(default_factory=list)
    withdrawn: set[int] = field(default_factory=set)
    is_full: bool = False
    taken_at_flush: list[int] = field(default_factory=list)

    def next_job(self, server):
        return self.jobs.popleft() if self.jobs else None

    def begin(self, job):
        self.told.append(("begin", job.number))
        return job.number not in self.withdrawn

    def answered(self, job, answer):
        self.told.append(("answered", job.number, answer.code))

    def lost(self, job, why, *, after_dot):
        self.told.append(("lost", job.number, after_dot))

    def returned(self, job):
        self.told.append(("returned", job.number))

    def away(self, server, why):
        self.told.append(("away", why))

    def flush(self):
        if self.is_full:
            raise OSError("disk full")
        self.told.append(("flush",))

    def ends(self) -> list[tuple]:
        return [one for one in self.told if one[0] in {"answered", "lost", "returned"}]


@pytest.fixture
def open_lane(parcel):
    lanes = []

    def make(account, count, *, connections=4, answer_seconds=30.0):
        room = Room(deque(Job(parcel(f"r{number}@example.org"), number) for number in range(count)))
        lane = EspLane(account, room, answer_seconds=answer_seconds)
        lane.staff(account, connections)
        lanes.append(lane)
        return lane, room

    yield make
    for lane in lanes:
        if lane._bell.fileno() >= 0:
            lane.room.is_full = False
            lane.close()


def turn_until(lane, condition):
    def turned() -> bool:
        lane.turn(0.05)
        return condition()

    wait_until(turned)


def test_every_job_ends_once_and_was_noted_before_its_request(open_lane, account, provider):
    lane, room = open_lane(account(), 30)
    turn_until(lane, lambda: len(room.ends()) == 30)
    assert sorted(room.ends()) == [("answered", number, 250) for number in range(30)]
    assert len(provider.taken) == 30
    assert lane.in_flight == 0
    for number in range(30):
        begun = room.told.index(("begin", number))
        assert begun < room.told.index(("flush",), begun) < room.told.index(("answered", number, 250))


def test_no_more_requests_than_wanted_are_on_their_way(open_lane, account, provider):
    lane, room = open_lane(account(connections=3), 10)
    turn_until(lane, room.ends)
    for _ in range(8):
        provider.misbehave(HANG)
    before = len(provider.requests)
    turn_until(lane, lambda: len(provider.requests) - before == 3)
    lane.turn(0)
    assert lane.in_flight == 3


def test_a_withdrawn_job_is_returned_and_never_requested(open_lane, account, provider):
    lane, room = open_lane(account(), 3)
    room.withdrawn = {1}
    turn_until(lane, lambda: len(room.ends()) == 3)
    assert ("returned", 1) in room.told
    assert len(provider.requests) == 2


def test_a_disk_that_is_full_stops_the_request_until_it_has_room(open_lane, account, provider):
    lane, room = open_lane(account(), 2)
    room.is_full = True
    for _ in range(3):
        with pytest.raises(OSError, match="disk full"):
            lane.turn(0)
    assert provider.requests == []
    room.is_full = False
    turn_until(lane, lambda: len(room.ends()) == 2)
    assert len(provider.taken) == 2


def test_a_provider_that_is_away_is_told_once_and_touches_one_job(open_lane, account, closed_url):
    lane, room = open_lane(account(api=closed_url), 10)
    turn_until(lane, room.ends)
    for _ in range(5):
        lane.turn(0)
    assert room.ends() == [("lost", 0, False)]
    assert sum(one[0] == "away" for one in room.told) == 1
    assert len(room.jobs) == 9


def test_an_account_that_was_away_is_tried_again_when_staffed(open_lane, account, provider):
    provider.answer(401, {"message": "no"})
    lane, room = open_lane(account(), 3)
    turn_until(lane, room.ends)
    lane.staff(lane.account, 4)
    turn_until(lane, lambda: len(room.ends()) == 3)
    assert room.ends()[1:] == [("answered", 1, 250), ("answered", 2, 250)]


def test_a_request_without_an_answer_is_doubt_and_the_others_go_on(open_lane, account, provider):
    lane, room = open_lane(account(), 6)
    turn_until(lane, room.ends)
    provider.misbehave(CUT)
    turn_until(lane, lambda: len(room.ends()) == 6)
    assert sum(one[0] == "lost" and one[2] for one in room.ends()) == 1


def test_after_a_rate_limit_nothing_is_requested_for_as_long_as_was_asked(open_lane, account, provider):
    provider.answer(429, {}, Retry_After="60")
    lane, room = open_lane(account(), 5)
    turn_until(lane, room.ends)
    for _ in range(20):
        lane.turn(0)
    assert room.ends() == [("answered", 0, 421)]
    assert len(provider.requests) == 1


def test_jobs_that_come_later_are_asked_for_after_wake(open_lane, account, parcel):
    lane, room = open_lane(account(), 0)
    lane.turn(0)
    room.jobs.append(Job(parcel("late@example.org"), 7))
    lane.turn(0)
    assert room.ends() == []
    lane.wake()
    turn_until(lane, room.ends)
    assert room.ends() == [("answered", 7, 250)]


def test_closing_waits_for_answers(open_lane, account, provider):
    lane, room = open_lane(account(), 1)
    lane.turn(0)
    assert lane.in_flight == 1
    lane.close(20)
    assert room.ends() == [("answered", 0, 250)]


def test_closing_calls_what_has_no_answer_doubt(open_lane, account, provider):
    provider.misbehave(HANG)
    lane, room = open_lane(account(), 1)
    lane.turn(0)
    wait_until(lambda: provider.requests)
    lane.close()
    assert room.ends() == [("lost", 0, True)]
    assert room.told[-1] == ("flush",)


def test_a_lane_that_never_had_a_room_can_be_closed(account):
    EspLane(account()).close()
