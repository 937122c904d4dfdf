"""A feed reader that subscribes at the hub gets the next article by itself: real worker, beat, queue and files."""

import pytest
from support.callbacks import CallbackServer
from support.waiting import wait_until

pytestmark = pytest.mark.processes
ARTICLE = "---\ntitle: {title}\n---\nRivers are roads that move.\n"
ASK = """
import io, json
from urllib.parse import urlencode
from syndication.web.hub import answer
body = urlencode({"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": CALLBACK, "hub.secret": "word"}).encode()
environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/hub", "CONTENT_TYPE": "application/x-www-form-urlencoded", "wsgi.input": io.BytesIO(body)}
status, _, sentence = answer(environ | {"CONTENT_LENGTH": str(len(body))})
print(json.dumps([status, sentence.decode()]))
"""


@pytest.fixture
def subscriber():
    server = CallbackServer()
    yield server
    server.close()


def bring_in(home, title):
    path = home.path / "article.md"
    path.write_text(ARTICLE.format(title=title))
    home.say(f"article import {path} --publish")


def test_a_subscriber_is_asked_and_gets_the_next_article_while_another_hangs(live_home, subscriber):
    live_home.environ["SYNDICATION_HUB_ALLOW"] = "127.0.0.0/8"
    live_home.start_queue()
    live_home.start_beat()
    live_home.start_worker()
    bring_in(live_home, "The first river")
    wait_until(lambda: list(live_home.feeds.glob("*/current/atom.xml")), what="the feed")
    (found,) = live_home.feeds.glob("*/current/atom.xml")
    topic = f"http://127.0.0.1:8000/feeds/{found.parts[-3]}/atom.xml"
    for callback in (subscriber.url("/ok/1"), subscriber.url("/hang", host="127.0.0.7")):
        status, sentence = live_home.told(f"TOPIC, CALLBACK = {topic!r}, {callback!r}\n{ASK}")
        assert status == 202, sentence
    wait_until(lambda: live_home.sql("SELECT count(*) FROM syndication_hubsubscription") == [(1,)], seconds=60, what="consent")
    bring_in(live_home, "The second river")
    wait_until(lambda: [one for one in subscriber.posts("/ok/1") if b"The second river" in one.body], seconds=60, what="the delivery")
    came = subscriber.posts("/ok/1")[-1]
    assert came.headers["x-hub-signature"].startswith("sha256=")
    assert came.body == found.read_bytes()
