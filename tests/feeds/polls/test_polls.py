"""Who polls is counted in memory and handed over in groups."""

import threading

from syndication.feeds.polls.counting import Polls, Seen, Tally

FEEDLY = "Feedly/1.0 (poller; 131 subscribers)"
RSS = "field-notes/rss.xml"
HOURS = 3_600.0


def test_polls_are_summed_until_they_are_handed_over():
    taken = []
    polls = Polls(lambda counted: taken.append(dict(counted)), every_seconds=HOURS)
    for _ in range(3):
        polls.note(RSS, FEEDLY, 200, 10)
    polls.note(RSS, FEEDLY, 304, 0)
    polls.end()
    polls.hand_over()
    assert taken == [{Seen(RSS, FEEDLY, 200): Tally(3, 30), Seen(RSS, FEEDLY, 304): Tally(1, 0)}]


def test_the_thread_hands_over_by_itself():
    handed_over = threading.Event()
    polls = Polls(lambda _: handed_over.set(), every_seconds=0.01)
    polls.note(RSS, FEEDLY, 200, 10)
    assert handed_over.wait(30)
    polls.end()


def test_counts_that_could_not_be_kept_are_kept_the_next_time():
    taken, fails = [], [True]

    def keep_if_it_can(counted):
        if fails.pop() if fails else False:
            raise ConnectionError
        taken.append(dict(counted))

    polls = Polls(keep_if_it_can, every_seconds=HOURS)
    polls.note(RSS, FEEDLY, 200, 10)
    polls.hand_over()
    polls.note(RSS, FEEDLY, 200, 10)
    polls.end()
    assert taken == [{Seen(RSS, FEEDLY, 200): Tally(2, 20)}]


def test_a_flood_of_invented_names_is_counted_without_its_names():
    taken = []
    polls = Polls(lambda counted: taken.append(dict(counted)), every_seconds=HOURS, most=10)
    for number in range(1_000):
        polls.note(RSS, f"Invented-{number}/1.0" + "x" * 10_000, 200, 1)
        polls.note(f"invented-{number}/rss.xml", "Invented", 200, 1)
    polls.end()
    assert len(taken[0]) <= 22
    assert sum(tally.polls for tally in taken[0].values()) == 2_000


def test_threads_lose_no_count():
    taken = []
    polls = Polls(lambda counted: taken.append(dict(counted)), every_seconds=0.001)
    threads = [threading.Thread(target=lambda: [polls.note(RSS, FEEDLY, 200, 1) for _ in range(5_000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    polls.end()
    assert sum(tally.polls for counted in taken for tally in counted.values()) == 20_000
