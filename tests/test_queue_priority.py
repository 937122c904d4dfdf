"""Who sends campaigns lets those go first for whom a person waits."""

import os

import pytest

from syndication.queue import BULK_NICENESS

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(("queues", "steps"), [("bulk", BULK_NICENESS), ("mail,default,feeds", 0), ("mail,bulk", 0)])
def test_only_a_worker_of_campaigns_steps_back(live_home, queues, steps):
    live_home.start_queue()
    worker = live_home.start_worker(queues)
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, worker.process.pid) == max(ours, steps)
