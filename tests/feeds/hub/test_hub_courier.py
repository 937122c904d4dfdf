"""Carrying requests to callbacks that answer, and to ones that do what they can to hold us up."""

import ipaddress
import ssl
import threading
import tracemalloc

import pytest
from support.callbacks import CallbackServer

from syndication.feeds.hub.callbacks import parsed
from syndication.feeds.hub.courier import Courier
from syndication.feeds.hub.messages import Request

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture
def carry():
    """Carries requests all at once and returns their answers in the same order."""

    def carry(*requests, allowed=LOOPBACK, seconds=5.0, **more):
        found = {}
        with Courier(allowed=allowed, seconds=seconds, **more) as courier:
            courier.send(list(enumerate(requests)))
            while len(found) < len(requests):
                found |= dict(courier.answers(10))
        return [found[number] for number in range(len(requests))]

    return carry


def post(url, body=b"the document", **fields):
    return Request("POST", parsed(url), (("Content-Type", "application/atom+xml"),), body, **fields)


def get(url, most=100):
    return Request("GET", parsed(url), most_answer_bytes=most)


def test_a_request_arrives_as_it_was_meant_and_its_answer_comes_back(carry, subscriber):
    body = b"x" * 300_000
    (answer,) = carry(post(subscriber.url("/ok?id=1"), body))
    assert (answer.status, answer.problem) == (200, "")
    (came,) = subscriber.came
    assert (came.method, came.target, came.body) == ("POST", "/ok?id=1", body)
    assert came.headers["host"] == f"127.0.0.1:{subscriber.port}"
    assert came.headers["content-type"] == "application/atom+xml"


@pytest.mark.parametrize("path", ["/ok", "/chunked", "/old", "/interim"])
def test_a_wanted_answer_is_read_however_it_is_framed(carry, subscriber, path):
    (answer,) = carry(get(subscriber.url(f"{path}?hub.challenge=a-challenge-of-twenty")))
    assert (answer.status, answer.body) == (200, b"a-challenge-of-twenty")


def test_an_answer_that_is_longer_than_wanted_is_one_byte_too_long_and_no_more(carry, subscriber):
    (answer,) = carry(get(subscriber.url("/ok?hub.challenge=0123456789"), most=4))
    assert answer.body == b"01234"


def test_a_redirect_is_not_followed(carry, subscriber):
    (answer,) = carry(post(subscriber.url("/redirect")))
    assert answer.status == 307
    assert len(subscriber.came) == 1


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/hang", "within 0.5 seconds"),
        ("/drip", "within 0.5 seconds"),
        ("/long-head", "larger than"),
        ("/nonsense", "not HTTP"),
        ("/shut", "ended before the answer"),
    ],
)
def test_an_answer_that_is_none_is_no_answer_and_says_why(carry, subscriber, path, words):
    (answer,) = carry(post(subscriber.url(path)), seconds=0.5)
    assert answer.status == 0
    assert words in answer.problem


@pytest.mark.parametrize("path", ["/gigabyte", "/endless"])
def test_a_gigabyte_of_answer_is_not_read(carry, subscriber, path):
    answers = carry(post(subscriber.url(path)), get(subscriber.url(path)))
    assert [answer.status for answer in answers] == [200, 200]
    assert len(answers[1].body) == 101
    assert subscriber.sent_bytes < 40_000_000  # what the system's own buffers took


def test_many_that_answer_a_gigabyte_cost_little_memory(carry, subscriber):
    tracemalloc.start()
    answers = carry(*[post(subscriber.url("/gigabyte"))] * 50)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert {answer.status for answer in answers} == {200}
    assert peak < 15_000_000


def test_the_body_is_shared_by_all_requests_and_copied_for_none(carry, subscriber):
    body = b"x" * 2_000_000
    requests = [post(subscriber.url("/count"), body) for _ in range(100)]
    tracemalloc.start()
    answers = carry(*requests)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert {answer.status for answer in answers} == {200}
    assert peak < 40_000_000  # of 200 MB that were sent


def test_an_answer_that_comes_before_all_was_sent_counts(carry, subscriber):
    (answer,) = carry(post(subscriber.url("/unread"), b"x" * 5_000_000))
    assert answer.status in {410, 0}  # the system may throw the answer away with the connection
    assert answer.status == 410 or answer.problem


def test_a_connection_is_kept_for_the_next_request_to_its_host(subscriber):
    with Courier(allowed=LOOPBACK, seconds=5.0) as courier:
        for _ in range(3):
            courier.send([(0, post(subscriber.url()))])
            assert courier.answers(10)[0][1].status == 200
    assert len({one.connection for one in subscriber.came}) == 1


def test_a_connection_that_was_closed_while_idle_costs_a_new_one_and_no_failure(carry, subscriber):
    with Courier(allowed=LOOPBACK, seconds=5.0) as courier:
        for _ in range(2):
            courier.send([(0, post(subscriber.url()))])
            assert courier.answers(10)[0][1].status == 200
            for connection in list(subscriber._open):
                connection.shutdown(2)
    assert len({one.connection for one in subscriber.came}) == 2


def test_nobody_there_is_no_answer(carry, subscriber):
    subscriber.close()
    (answer,) = carry(post(subscriber.url()))
    assert answer.status == 0
    assert answer.problem


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_an_address_inside_a_network_is_refused_before_anything_is_sent(carry, subscriber, host):
    (answer,) = carry(post(subscriber.url(host=host)), allowed=())
    assert answer.is_refused
    assert "not a public address" in answer.problem
    assert subscriber.came == []


def test_what_an_operator_has_named_may_be_anywhere(carry, subscriber):
    (answer,) = carry(post(subscriber.url(), is_trusted=True), allowed=())
    assert answer.status == 200


class Names:
    """A name server of our own: what each name leads to, one answer after the other, and what was asked."""

    def __init__(self, **known):
        self.known, self.asked = {name.replace("_", "."): answers for name, answers in known.items()}, []

    def __call__(self, host):
        self.asked.append(host)
        answers = self.known[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]


def test_a_name_with_one_private_address_among_public_ones_is_refused(carry, subscriber):
    names = Names(many_example=[["93.184.215.14"] * 500 + ["10.0.0.1"]])
    (answer,) = carry(post(subscriber.url(host="many.example")), look_up=names)
    assert answer.is_refused


def test_a_name_that_leads_elsewhere_a_moment_later_changes_nothing(carry, subscriber):
    names = Names(rebound_example=[["127.0.0.1"], ["10.0.0.1"]])
    answers = carry(*[post(subscriber.url(host="rebound.example"))] * 5, look_up=names)
    assert {answer.status for answer in answers} == {200}
    assert names.asked == ["rebound.example"]
    assert subscriber.came[0].headers["host"] == f"rebound.example:{subscriber.port}"


def test_the_second_address_is_tried_when_nobody_is_at_the_first_and_no_third(carry, subscriber):
    names = Names(two_example=[["::1", "127.0.0.1"]], three_example=[["::1", "::1", "127.0.0.1"]])
    both = (*LOOPBACK, ipaddress.ip_network("::1"))
    two, three = carry(post(subscriber.url(host="two.example")), post(subscriber.url(host="three.example")), allowed=both, look_up=names)
    assert two.status == 200
    assert three.status == 0


def test_a_certificate_counts_for_the_name_of_the_callback(carry, certificates):
    trusted = ssl.create_default_context(cafile=certificates.file)
    server = CallbackServer(tls=certificates.context("reader.example"))
    names = Names(reader_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    requests = post(server.url(host="reader.example"), b"x" * 500_000), post(server.url(host="other.example"))
    right, wrong = carry(*requests, tls=trusted, look_up=names)
    (unknown,) = carry(post(server.url(host="reader.example")), look_up=names)
    server.close()
    assert right.status == 200
    assert len(server.came[0].body) == 500_000
    assert (wrong.status, unknown.status) == (0, 0)
    assert "no encrypted connection" in wrong.problem
    assert "no encrypted connection" in unknown.problem


def test_a_look_up_that_never_ends_holds_nobody_else_up(carry, subscriber):
    over = threading.Event()

    def look_up(host):
        if host == "127.0.0.1":
            return [host]
        over.wait(20)
        raise OSError(host)

    slow = [post(f"http://slow-{number}.example/") for number in range(10)]
    answers = carry(*slow, post(subscriber.url()), seconds=1.0, look_up=look_up)
    over.set()
    assert [answer.status for answer in answers] == [0] * 10 + [200]
