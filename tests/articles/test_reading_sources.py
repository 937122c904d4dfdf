"""Reading files, streams and bytes, and what is refused with which words."""

import io
import os

import pytest

from syndication.articles.decoding import LARGEST_SOURCE, decode
from syndication.articles.errors import BadSource
from syndication.articles.read_source import read_path, read_stream


class _CountingStream(io.RawIOBase):
    """An endless stream that counts what was taken from it."""

    def __init__(self):
        self.taken = 0

    def read(self, size=-1):
        piece = min(size, 1_000_000)
        self.taken += piece
        return b"a" * piece


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-8"])
def test_a_byte_order_mark_tells_the_encoding(encoding):
    assert decode("Größe".encode(encoding), name="x") == "Größe"


def test_utf_16_with_the_high_byte_first_is_recognised():
    assert decode("\ufeffGröße".encode("utf-16-be"), name="x") == "Größe"


def test_utf_32_with_the_high_byte_first_is_recognised():
    assert decode("\ufeffGröße".encode("utf-32-be"), name="x") == "Größe"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le"])
def test_the_encoding_can_be_given(encoding):
    assert decode("Größe".encode(encoding), name="x", encoding=encoding) == "Größe"


def test_a_page_in_another_encoding_says_so_in_its_head():
    page = '<meta charset="iso-8859-1"><p>Größe</p>'
    assert decode(page.encode("latin-1"), name="x") == page


def test_broken_utf_8_names_offset_line_and_the_way_out():
    with pytest.raises(BadSource, match=r"a\.txt is not UTF-8 text: byte 0xf6 at offset 6 \(line 2\).*--encoding latin-1"):
        decode(b"abc\nGr\xf6\xdfe", name="a.txt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.txt is empty"),
        (b" \n\t\r\n", "nothing but white space"),
        (b"\xef\xbb\xbf", "nothing but white space"),
        ("\u00a0\u200b".encode(), "nothing but white space"),
        (b"%PDF-1.7 x", "a PDF document"),
        (b"\x89PNG\r\n", "a PNG picture"),
        (b"\xff\xd8\xff\xe0", "a JPEG picture"),
        (b"PK\x03\x04", "a zip archive"),
        (b"abc\x00def", r"zero byte at offset 3"),
        (b"\xff\xfea", "utf-16"),
        (b"x" * (LARGEST_SOURCE + 1), r"5 MB \(5,000,001 bytes\)"),
    ],
)
def test_what_is_no_text_is_refused_with_its_name_and_reason(content, message):
    with pytest.raises(BadSource, match=message):
        decode(content, name="a.txt")


@pytest.mark.parametrize("encoding", ["no-such-code", "rot13", "hex", "a\0b", "undefined", "utf-7", "idna"])
def test_any_encoding_name_gives_text_or_a_clear_refusal(encoding):
    with pytest.raises(BadSource, match=r"encoding|not "):
        decode(b"a\xff\xfe", name="x", encoding=encoding)


def test_a_file_is_read_with_its_name_and_place(tmp_path):
    path = tmp_path / "walk.md"
    path.write_bytes(b"# Walk")
    source = read_path(path)
    assert (source.name, source.content, source.place) == ("walk.md", b"# Walk", str(path.resolve()))


def test_a_file_of_fifty_megabytes_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(BadSource, match=r"big\.txt has 50 MB \(50,000,000 bytes\); an article may have 5 MB"):
        read_path(path)


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadSource, match="does not exist"):
        read_path(tmp_path / "none.txt")
    with pytest.raises(BadSource, match="is a folder"):
        read_path(tmp_path)
    with pytest.raises(BadSource, match="no ordinary file"):
        read_path(tmp_path / "pipe")


def test_an_endless_stream_is_left_after_the_limit():
    stream = _CountingStream()
    with pytest.raises(BadSource, match="5,000,000 bytes"):
        read_stream(stream)
    assert stream.taken == LARGEST_SOURCE + 1


def test_a_stream_has_no_place():
    assert read_stream(io.BytesIO(b"Words")).place == ""
