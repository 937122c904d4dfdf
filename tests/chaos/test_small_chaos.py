"""Chaos in small: real workers, a real queue, an SMTP server that fails as told, and the judge."""

import random
import sys
import time

import pytest
from support.faults import Faults

from chaos import nemesis
from chaos.crew import BULK
from chaos.judge import GRACE_SECONDS

pytestmark = pytest.mark.processes
ERRORS = {"mail4": 0.04, "rcpt4": 0.04, "data4": 0.04, "dot4": 0.04, "drop_rcpt": 0.02, "rcpt5": 0.03, "data5": 0.02, "dot5": 0.03}


def assert_every_promise_held(scene):
    verdict = scene.judge()
    assert verdict.broken == [], scene.crew.says()
    assert (verdict.lost, verdict.duplicates) == (0, 0)
    return verdict


def finish_in_a_hurry(scene):
    """To the end, with every waiting time skipped."""
    begin = time.monotonic()

    def is_over():
        nonlocal begin
        if time.monotonic() - begin > 1:
            scene.hurry()
            begin = time.monotonic()
        return scene.state() == "finished"

    scene.until(is_over, seconds=60, what=lambda: f"its end; it is {scene.state()}, {scene.sink.taken()} taken")


def test_senders_that_are_killed_again_and_again_lose_nothing_and_send_nothing_twice(scene):
    scene = scene(2000, Faults(pace_per_second=400))
    scene.begin()
    for number in range(3):
        scene.go_on(300)
        scene.kill(BULK[number % 2])
    finish_in_a_hurry(scene)
    verdict = assert_every_promise_held(scene)
    assert verdict.states["delivered"] + verdict.held == 2000


def test_a_queue_that_is_emptied_and_then_dies_costs_no_mail(scene):
    scene = scene(700, Faults(pace_per_second=200))
    scene.begin()
    nemesis.flush(scene.home)
    scene.go_on(100)
    nemesis.flush(scene.home)
    scene.crew.lose_queue()
    scene.go_on(1)
    scene.crew.bring_queue_back()
    scene.finish(seconds=60)
    verdict = assert_every_promise_held(scene)
    assert verdict.states == {"delivered": 700}


def test_tasks_that_are_delivered_many_times_send_each_message_once(scene):
    scene = scene(700, Faults(pace_per_second=200))
    scene.begin()
    for _ in range(4):
        nemesis.copy_tasks(scene.home, copies=3)
        scene.go_on(100)
    scene.finish(seconds=60)
    verdict = assert_every_promise_held(scene)
    assert verdict.states == {"delivered": 700}


def test_a_server_that_refuses_at_random_gets_each_message_once_and_nothing_after_its_5xx(scene):
    scene = scene(700, Faults(shares=ERRORS, messages_per_connection=40))
    scene.begin()
    finish_in_a_hurry(scene)
    verdict = assert_every_promise_held(scene)
    refused = len(scene.meeting("rcpt5", "data5", "dot5"))
    assert verdict.states == {"delivered": 700 - refused, "bounced": refused}


def test_each_message_that_nobody_answers_for_is_held_and_none_is_sent_again(scene):
    scene = scene(700, Faults(shares={"amb_taken": 0.02, "amb_drop": 0.02}))
    scene.begin()
    finish_in_a_hurry(scene)
    verdict = assert_every_promise_held(scene)
    doubtful = len(scene.meeting("amb_taken", "amb_drop"))
    assert (verdict.held, verdict.states["delivered"]) == (doubtful, 700 - doubtful)


def test_a_server_that_greylists_everybody_gets_each_message_at_the_second_attempt(scene):
    scene = scene(700, Faults(greylist_seconds=2))
    scene.open()
    scene.cli("campaign", "start", "1")
    scene.until(lambda: len(scene.sink.events()) >= 700, seconds=60, what="the first attempts")
    scene.rest(2)
    finish_in_a_hurry(scene)
    verdict = assert_every_promise_held(scene)
    assert (verdict.states, verdict.most_attempts) == ({"delivered": 700}, 2)


def test_readers_who_leave_while_it_is_sent_get_nothing_five_seconds_later(scene):
    scene = scene(700, Faults(pace_per_second=50))
    scene.begin()
    leavers = random.Random(3).sample(scene.addresses, 100)
    scene.expect.suppressed = nemesis.let_leave(scene, leavers)
    scene.rest(GRACE_SECONDS)
    scene.sink.change(Faults())
    scene.finish(seconds=60)
    verdict = assert_every_promise_held(scene)
    assert verdict.states["skipped"] > 0


def test_a_campaign_that_many_start_at_once_is_sent_once(scene):
    scene = scene(700)
    scene.open()
    scene.crew.add_beat("beat-2")
    pressed = [scene.home.start(sys.executable, "-m", "syndication", "campaign", "start", "1") for _ in range(3)]
    assert [one.process.wait(60) for one in pressed] == [0, 0, 0]
    scene.finish(seconds=60)
    verdict = assert_every_promise_held(scene)
    assert verdict.states == {"delivered": 700}
