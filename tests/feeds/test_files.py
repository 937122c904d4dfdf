"""Files are replaced whole, only when their bytes change, and by one publisher at a time."""

import os
import stat
import threading

from syndication.feeds import files


def test_new_bytes_replace_old_ones_and_leave_no_other_file_behind(tmp_path):
    path = tmp_path / "notes" / "rss.xml"
    assert files.replace(path, b"old")
    assert files.replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert [one.name for one in path.parent.iterdir()] == ["rss.xml"]


def test_equal_bytes_are_not_written_again_so_that_the_files_time_stays_true(tmp_path):
    path = tmp_path / "rss.xml"
    files.replace(path, b"same")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert not files.replace(path, b"same")
    assert path.stat().st_mtime == 1_000_000_000


def test_another_program_may_read_a_published_file(tmp_path):
    files.replace(tmp_path / "rss.xml", b"bytes")
    assert stat.S_IMODE((tmp_path / "rss.xml").stat().st_mode) == 0o644


def test_what_a_dead_publisher_left_is_swept_away(tmp_path):
    (tmp_path / "rss.xml.k3x9.tmp").write_bytes(b"half")
    files.replace(tmp_path / "rss.xml", b"whole")
    assert [one.name for one in tmp_path.iterdir()] == ["rss.xml"]


def test_a_reader_sees_the_old_bytes_or_the_new_ones_while_they_are_replaced(tmp_path):
    path, versions = tmp_path / "rss.xml", {bytes([number]) * 200_000 for number in range(8)}
    files.replace(path, min(versions))
    done = threading.Event()

    def publish():
        for version in sorted(versions) * 3:
            files.replace(path, version)
        done.set()

    publisher = threading.Thread(target=publish)
    publisher.start()
    seen = set()
    while not done.is_set() or not seen:
        if path.exists():
            seen.add(path.read_bytes())
    publisher.join()
    assert seen <= versions


def test_the_second_publisher_waits_for_the_first(tmp_path):
    order, first_is_in = [], threading.Event()

    def second():
        first_is_in.wait()
        with files.alone(tmp_path, "7"):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with files.alone(tmp_path, "7"):
        first_is_in.set()
        thread.join(timeout=0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
