"""Turns a source's bytes into text, or says exactly why they are none."""

import codecs
import re

from syndication.articles.errors import BadSource

LARGEST_SOURCE = 5_000_000  # bytes; the longest novels stay below, and cleaning takes seconds

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SIGNATURES = {
    b"%PDF-": "a PDF document",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"RIFF": "a WebP picture or a sound",
    b"PK\x03\x04": "a zip archive or an office document",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"{\\rtf": "an RTF document",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x7fELF": "a program",
    b"BM\x00": "a bitmap",
    b"II*\x00": "a TIFF picture",
    b"MM\x00*": "a TIFF picture",
}
_DECLARED = re.compile(
    rb"<meta[^>]{0,200}charset=[\"']?([a-zA-Z0-9_-]{1,40})|^<\?xml[^>]{0,100}encoding=[\"']([a-zA-Z0-9_-]{1,40})", re.IGNORECASE
)
_HEAD = 4096  # bytes in which a page declares its encoding


def refuse_size(size: int, name: str) -> None:
    """Raises BadSource, with the size and the limit, when `size` (bytes) is over LARGEST_SOURCE."""
    if size > LARGEST_SOURCE:
        raise BadSource(
            f"{name} has {_megabytes(size)} MB ({size:,} bytes); an article may have {_megabytes(LARGEST_SOURCE)} MB. "
            "Take embedded pictures out, or split it."
        )


def decode(content: bytes, *, name: str, encoding: str = "") -> str:
    """The text in `content`: by its byte order mark, else as `encoding`, else UTF-8, else as an HTML head declares.

    name      for the messages
    encoding  any name that Python knows, "" to find out
    Raises BadSource: empty, only white space, binary, over LARGEST_SOURCE, unknown encoding, or bytes that are not in the encoding
    (with the offset from 0 and the line from 1).
    """
    refuse_size(len(content), name)
    if not content:
        raise BadSource(f"{name} is empty. Give a file with text in it.")
    marked = next((codec for mark, codec in _BYTE_ORDER_MARKS if content.startswith(mark)), "")
    if not marked:
        _refuse_binary(content, name, encoding)
    text = _decoded(content, name, encoding, marked)
    if not text.strip().strip("\ufeff\u200b"):
        raise BadSource(f"{name} holds nothing but white space. Give a file with text in it.")
    return text


def _decoded(content: bytes, name: str, encoding: str, marked: str) -> str:
    codec = encoding or marked or "utf-8"
    try:
        return content.decode(codec).removeprefix("\ufeff")
    except LookupError as error:
        raise BadSource(f"The encoding {encoding!r} is unknown. Use for example utf-8, latin-1, cp1252 or utf-16.") from error
    except UnicodeDecodeError as error:
        declared = "" if encoding or marked else _declared(content)
        if declared:
            return _decoded(content, name, declared, marked)
        raise _not_in_encoding(error, content, name, codec) from error
    except ValueError as error:
        raise BadSource(f"{name} is not {codec} text ({error}). Give the right --encoding.") from error


def _declared(content: bytes) -> str:
    """The encoding that a page's head names, when it is another one than UTF-8."""
    found = _DECLARED.search(content[:_HEAD])
    named = (found[1] or found[2]).decode("ascii").lower() if found else ""
    return "" if named in {"utf-8", "utf8"} else named


def _not_in_encoding(error: UnicodeDecodeError, content: bytes, name: str, codec: str) -> BadSource:
    line = content.count(b"\n", 0, error.start) + 1
    byte = content[error.start : error.start + 1].hex()
    advice = "If it was saved by an older program, give --encoding latin-1 (or cp1252, utf-16)." if codec != "latin-1" else ""
    shown = "UTF-8" if codec in {"utf-8", "utf-8-sig"} else codec
    return BadSource(f"{name} is not {shown} text: byte 0x{byte} at offset {error.start} (line {line}). {advice}".rstrip())


def _refuse_binary(content: bytes, name: str, encoding: str) -> None:
    what = next((what for signature, what in _SIGNATURES.items() if content.startswith(signature)), "")
    if not what and b"\x00" in content and not encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
        what = f"a binary file (a zero byte at offset {content.index(0)})"
    if what:
        advice = " If it is UTF-16 without a byte order mark, give --encoding utf-16-le." if "zero byte" in what else ""
        raise BadSource(f"{name} is {what}, not text. Give plain text, Markdown or HTML.{advice}")


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f}".removesuffix(".0")
