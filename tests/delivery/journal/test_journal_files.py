import os
import subprocess
import sys
from pathlib import Path

import pytest

from syndication.delivery.journal import files, records
from syndication.delivery.journal.files import JournalFile, JournalFull


def test_what_is_appended_is_read_back(tmp_path):
    journal = JournalFile(tmp_path)
    journal.append(records.intent(1, 2, 3, 1))
    told = records.read(journal.path.read_bytes())
    assert (told.run, told.site, told.boot, len(told.begun)) == (journal.run, files.site_of(tmp_path), files.boot_name(), 1)
    journal.forget()
    assert not journal.path.exists()


def test_a_journal_whose_writer_lives_is_nobodys_business(tmp_path):
    journal = JournalFile(tmp_path)
    assert list(files.orphans(tmp_path)) == []
    journal.close()
    assert [orphan.path for orphan in files.orphans(tmp_path)] == [journal.path]


def test_a_writer_that_was_killed_leaves_its_journal_to_others_at_once(tmp_path):
    program = (
        "import os, signal, sys; from pathlib import Path; from syndication.delivery.journal.files import JournalFile;"
        "journal = JournalFile(Path(sys.argv[1])); journal.append(b'I 1 2 3 1\\n'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, env={**os.environ, "PYTHONPATH": str(Path.cwd())})
    [told] = [orphan.read() for orphan in files.orphans(tmp_path)]
    assert told.doubtful(same_boot=True) == [(1, 2)]


def test_an_orphan_that_is_being_settled_is_not_given_out_twice(tmp_path):
    JournalFile(tmp_path).close()
    for _ in files.orphans(tmp_path):
        assert list(files.orphans(tmp_path)) == []


def test_a_folder_has_one_name_whoever_asks(tmp_path):
    assert files.site_of(tmp_path) == files.site_of(tmp_path)
    assert files.site_of(tmp_path) != files.site_of(tmp_path / "other")


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalFull, match="journal folder"):
        JournalFile(tmp_path / "file" / "journal")


def test_a_disk_without_room_stops_before_anything_is_promised(tmp_path):
    program = (
        "import resource, sys; from pathlib import Path; from syndication.delivery.journal.files import JournalFile, JournalFull\n"
        "journal = JournalFile(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "journal.reserve(1000); journal.append(b'x' * 200_000)\n"
        "try: journal.reserve(200_000)\n"
        "except JournalFull as full: print(full)\n"
        "journal.append(b'y' * 50_000)\n"  # what was reserved before is still there
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert "Sending waits until there is room" in done.stdout
