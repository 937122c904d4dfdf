"""Versions lie beside each other, one link moves, and whoever reads sees one version whole."""

import gzip
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from itertools import count

import brotli
import pytest

from syndication.feeds import store
from syndication.feeds.store import Content, Gone, Moved, Shelf

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FOLDER = "field-notes/tags/wälder"


def content(text="first", **fields):
    return Content({"rss.xml": f"<rss>{text * 50}</rss>".encode(), "feed.json": f'{{"{text}": 1}}'.encode()}, **fields)


def put(root, text, moment=NOON, folder=FOLDER):
    return store.write(root, folder, content(text), modified_at=moment)


def test_every_encoding_lies_beside_the_document_with_the_time_of_its_change(tmp_path):
    assert put(tmp_path, "first")
    place = tmp_path / FOLDER / "current"
    body = (place / "rss.xml").read_bytes()
    assert gzip.decompress((place / "rss.xml.gz").read_bytes()) == brotli.decompress((place / "rss.xml.br").read_bytes()) == body
    assert {int(path.stat().st_mtime) for path in place.iterdir()} == {int(NOON.timestamp())}
    assert {oct(path.stat().st_mode & 0o777) for path in place.iterdir()} == {"0o644"}
    assert oct(place.stat().st_mode & 0o777) == "0o755"


def test_an_encoding_that_saves_nothing_is_absent(tmp_path):
    put(tmp_path, "first")
    assert sorted(path.name for path in (tmp_path / FOLDER / "current").glob("feed*")) == ["feed.json"]


def test_a_version_is_read_back_as_it_was_written(tmp_path):
    told = content(links={"rss.xml": '<https://x.example/hub>; rel="hub"'}, entries=(("urn:uuid:1", "ab"),), is_archive=True)
    store.write(tmp_path, FOLDER, told, modified_at=NOON + timedelta(milliseconds=300))
    found = Shelf(tmp_path).version(FOLDER)
    assert (found.modified_at, found.is_archive, found.links, found.entries) == (NOON, True, told.links, told.entries)
    assert {name: variants["identity"].body for name, variants in found.documents.items()} == told.bodies
    etags = [one.etag for variants in found.documents.values() for one in variants.values()]
    assert len(set(etags)) == len(etags) == 4


def test_the_same_content_of_the_same_time_touches_nothing(tmp_path):
    put(tmp_path, "first")
    before = {path: path.lstat().st_ctime_ns for path in tmp_path.rglob("*")}
    assert not put(tmp_path, "first")
    assert {path: path.lstat().st_ctime_ns for path in tmp_path.rglob("*")} == before


def test_the_same_content_gives_the_same_bytes_on_another_machine(tmp_path):
    for name in ("one", "other"):
        put(tmp_path / name, "first")
    one, other = (Shelf(tmp_path / name).version(FOLDER) for name in ("one", "other"))
    assert one == other


def test_the_last_eight_versions_stay(tmp_path):
    for number in range(12):
        put(tmp_path, f"text {number}", NOON + timedelta(seconds=number))
    assert len(list((tmp_path / FOLDER).glob("v-*"))) == store.VERSIONS_KEPT
    shelf = Shelf(tmp_path)
    kept = [shelf.older(FOLDER, tag_of(f"text {number}")) for number in range(12)]
    assert [version is not None for version in kept] == [False] * 4 + [True] * 8
    assert kept[-1] == shelf.version(FOLDER)
    assert kept[-2].modified_at == NOON + timedelta(seconds=10)


def tag_of(text):
    return store.variants_of(content(text).bodies["rss.xml"])["gzip"].etag


def test_going_back_to_older_bytes_is_a_change_of_its_own(tmp_path):
    for second, text in enumerate(("first", "second", "first")):
        assert put(tmp_path, text, NOON + timedelta(seconds=second))
    assert Shelf(tmp_path).version(FOLDER).modified_at == NOON + timedelta(seconds=2)


def test_what_a_dead_publisher_left_and_the_files_of_the_old_layout_go(tmp_path):
    place = tmp_path / FOLDER
    (place / ".new-half").mkdir(parents=True)
    (place / ".new-half" / "rss.xml").write_text("<rss")
    (place / ".new-current").symlink_to("v-nowhere")
    for name in ("rss.xml", "atom.xml", "feed.json", "rss.xml.abc.tmp"):
        (place / name).write_text("old")
    (place / "archive" / "1").mkdir(parents=True)
    put(tmp_path, "first")
    assert sorted(path.name for path in place.iterdir() if not path.name.startswith("v-")) == ["archive", "current"]


def test_a_folder_whose_version_lost_its_files_is_written_again(tmp_path):
    put(tmp_path, "first")
    (tmp_path / FOLDER / "current" / "rss.xml").unlink()
    assert put(tmp_path, "first")
    assert Shelf(tmp_path).version(FOLDER)


def test_a_folder_that_moved_tells_the_new_place_for_all_below_it(tmp_path):
    put(tmp_path, "first")
    assert store.move(tmp_path, "field-notes", "meadow-notes")
    assert not store.move(tmp_path, "field-notes", "meadow-notes")
    shelf = Shelf(tmp_path)
    assert shelf.version("field-notes") == Moved("meadow-notes")
    assert shelf.version(FOLDER) == Moved("meadow-notes/tags/wälder")
    assert [path.name for path in (tmp_path / "field-notes").iterdir()] == ["moved-to"]


def test_a_folder_that_is_gone_says_so_for_all_below_it(tmp_path):
    put(tmp_path, "first")
    assert store.close(tmp_path, "field-notes")
    assert Shelf(tmp_path).version(f"{FOLDER}/archive/1") == Gone()


def test_what_is_published_in_a_moved_folder_lives_there_again(tmp_path):
    store.move(tmp_path, FOLDER, "elsewhere")
    put(tmp_path, "first")
    assert Shelf(tmp_path).version(FOLDER).documents


@pytest.mark.parametrize(
    "folder",
    [
        "nothing",
        "",
        "..",
        "field-notes/../field-notes",
        "field-notes//tags",
        "/etc",
        "a\0b",
        "x" * 300,
        f"{FOLDER}/current",
        f"{FOLDER}/v-0",
    ],
)
def test_no_other_folder_is_read(tmp_path, folder):
    put(tmp_path, "first")
    assert Shelf(tmp_path).version(folder) is None
    assert Shelf(tmp_path).older(folder, tag_of("first")) is None


def test_a_shelf_holds_no_more_than_it_may(tmp_path):
    shelf = Shelf(tmp_path, most_bytes=2000)
    for number in range(20):
        put(tmp_path, f"text {number}", folder=f"feed-{number}")
        assert shelf.version(f"feed-{number}").documents["rss.xml"]["identity"].body
    assert sum(map(len, shelf._bodies.values())) == shelf._bytes <= 2000
    assert 0 < len(shelf._bodies) < 10


def test_a_tag_is_known_without_reading_a_body(tmp_path):
    put(tmp_path, "first")
    for path in (tmp_path / FOLDER / "current").glob("rss.xml*"):
        path.write_bytes(b"")
    shelf = Shelf(tmp_path)
    assert shelf.version(FOLDER).documents["rss.xml"]["gzip"].etag == tag_of("first")
    assert shelf._bodies == {}


def test_the_tags_of_a_newer_version_are_known_too(tmp_path):
    put(tmp_path, "first")
    shelf = Shelf(tmp_path)
    assert shelf.older(FOLDER, tag_of("second")) is None
    put(tmp_path, "second", NOON + timedelta(seconds=1))
    assert shelf.older(FOLDER, tag_of("second")).modified_at == NOON + timedelta(seconds=1)
    assert shelf.older(FOLDER, tag_of("first")).modified_at == NOON


def test_readers_see_whole_versions_while_publishers_replace_them(tmp_path):
    put(tmp_path, "0")
    shelf, done, seen, failures = Shelf(tmp_path, most_bytes=0), threading.Event(), set(), []

    def read():
        while not done.is_set():
            found = shelf.version(FOLDER)
            try:
                rss, feed = (found.documents[name]["identity"].body for name in ("rss.xml", "feed.json"))
            except FileNotFoundError:  # eight versions came while this thread had no turn
                continue
            texts = {rss[5:-6].decode()[:1], next(iter(json.loads(feed)))[:1]}
            seen.update(texts)
            if len(texts) != 1:
                failures.append(texts)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in count(1):
        put(tmp_path, str(number % 10), NOON + timedelta(seconds=number))
        if number > 30 and len(seen) > 3:
            break
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []


def test_a_version_in_use_is_whole_after_a_crash_in_the_middle_of_writing(tmp_path):
    put(tmp_path, "first")
    child = os.fork()
    if child == 0:
        store._point = lambda *_: os._exit(9)  # dies just before the move
        put(tmp_path, "second", NOON + timedelta(seconds=1))
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert Shelf(tmp_path).version(FOLDER).modified_at == NOON
    put(tmp_path, "second", NOON + timedelta(seconds=1))
    assert Shelf(tmp_path).version(FOLDER).modified_at == NOON + timedelta(seconds=1)
