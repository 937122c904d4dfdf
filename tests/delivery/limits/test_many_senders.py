"""Several processes that send at once never exceed a limit together."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes
REPOSITORY = Path(__file__).parents[3]

SENDER = """
import json, sys, time
import django
django.setup()
from syndication.delivery.limits.limiter import Limiter
limiter, granted, until = Limiter(), [], time.time() + float(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
began = time.time()
while time.time() < began + float(sys.argv[1]):
    count = limiter.grant("news.example.org", {"gmail.com": 7, "googlemail.com": 3}).now
    granted.append((time.time(), sum(count.values())))
print(json.dumps([one for one in granted if one[1]]))
"""


def send_at_once(home, processes, seconds):
    """(moment, messages) of all grants of so many sender processes, in order."""
    command = [sys.executable, "-c", SENDER, str(seconds)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    senders = [subprocess.Popen(command, env=home.environ, cwd=REPOSITORY, **pipes) for _ in range(processes)]
    for sender in senders:
        assert sender.stdout.readline() == "ready\n"
    for sender in senders:
        sender.stdin.write("go\n")
        sender.stdin.flush()
    found = [tuple(one) for sender in senders for one in json.loads(sender.communicate(timeout=60)[0])]
    assert all(sender.returncode == 0 for sender in senders)
    return sorted(found)


def set_limit(home, rate, seconds, burst):
    home.sql(
        "INSERT INTO syndication_sendinglimit (sender_domain, target, rate, per_seconds, burst, created_at) VALUES (%s, %s, %s, %s, %s, %s)",
        "*", "gmail", rate, seconds, burst, "2026-11-24 09:00:00",
    )  # fmt: skip


@pytest.mark.parametrize("has_redis", [True, False], ids=["in redis", "in sql"])
@pytest.mark.database
def test_two_processes_together_stay_within_the_limit_and_use_it(live_home, has_redis):
    set_limit(live_home, 200, 1, 20)
    if has_redis:
        live_home.start_queue()
    granted = send_at_once(live_home, processes=2, seconds=4)
    took = granted[-1][0] - granted[0][0]
    total = sum(count for _, count in granted)
    assert total <= 200 * took + 20
    assert total >= 100 * took  # on a busy machine


@pytest.mark.database
def test_nobody_exceeds_the_limit_while_redis_dies_and_comes_back(live_home):
    set_limit(live_home, 200, 1, 20)
    queue = live_home.start_queue()
    first = send_at_once(live_home, processes=2, seconds=1)
    queue.kill()
    second = send_at_once(live_home, processes=2, seconds=4)
    granted = first + second
    assert sum(count for _, count in granted) <= 200 * (granted[-1][0] - granted[0][0]) + 2 * 20
    assert second
