"""Knows how a file of readers is written: its encoding, its delimiter, whether its first line names the columns."""

import codecs
import csv
import io
from dataclasses import asdict, dataclass
from typing import Any

from charset_normalizer import from_bytes

from syndication.audience.table.rows import BadTable

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ENCODINGS = (
    "utf-8", "utf-16-le", "utf-16-be", "cp1252", "iso8859-1", "iso8859-15", "cp1250", "iso8859-2", "cp1251", "koi8-r", "mac-roman",
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr",
)  # fmt: skip
"""Those whose bytes can be counted from the text, so that an import goes on where it stopped."""
_LEGACY = [
    "cp1252",
    "iso8859_15",
    "cp1250",
    "iso8859_2",
    "cp1251",
    "koi8_r",
    "mac_roman",
    "shift_jis",
    "euc_jp",
    "gb18030",
    "big5",
    "euc_kr",
]
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PACKED = {b"PK\x03\x04": "a ZIP or Excel file", b"\x1f\x8b": "a gzip file", b"\xd0\xcf\x11\xe0": "an old Excel file", b"%PDF": "a PDF"}
SAMPLE_BYTES = 64 * 1024
FIRST_NOT_ASCII = 0x80
_TELLING_BYTES = 40  # not of ASCII, from which on a language can be told
_LOOKED_AT = 20  # lines in search of the delimiter


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is written.

    encoding  one of ENCODINGS
    mark      bytes of the byte order mark at its start, to be passed over
    """

    encoding: str
    delimiter: str
    has_header: bool
    mark: int = 0
    preset: str = ""

    def kept(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)


def encoding_of(start: bytes, chosen: str = "") -> tuple[str, int]:
    """The encoding of a file by its first bytes, and the length of its byte order mark.

    chosen  what a person says it is; a byte order mark wins over that
    Raises BadTable for an empty, packed or binary file and for an unknown encoding.
    """
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding, len(mark)
    if not start.strip():
        raise BadTable("The file is empty; its first line must name the columns, for example: email,name")
    packed = next((name for magic, name in _PACKED.items() if start.startswith(magic)), "")
    if packed:
        raise BadTable(f"This is {packed}, not a table in text. Save or export the table as CSV in UTF-8 and choose that file.")
    if chosen:
        return named_encoding(chosen), 0
    if b"\0" in start:
        return _utf_16_by_its_zeros(start), 0
    return ("utf-8" if _is_utf_8(start) else guessed(start)), 0


def named_encoding(name: str) -> str:
    """The encoding of that name in one spelling. Raises BadTable for one that is not offered."""
    try:
        found = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        found = ""
    spelled = {codecs.lookup(one).name: one for one in ENCODINGS} | {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "ascii": "utf-8"}
    if found not in spelled:
        raise BadTable(f"The encoding {name.strip()[:40]!r} is not known here. Use one of: {', '.join(ENCODINGS)}.")
    return spelled[found]


def guessed(sample: bytes) -> str:
    """The likeliest encoding of bytes that are not UTF-8; a guess, to be shown.

    A few accents say too little about a language, so they are taken for Western ones.
    """
    telling = b"\n".join(line for line in sample.splitlines() if not line.isascii())
    if sum(byte >= FIRST_NOT_ASCII for byte in telling) >= _TELLING_BYTES:
        best = from_bytes(telling, cp_isolation=_LEGACY, enable_fallback=False).best()
        if best is not None:
            return named_encoding(best.encoding)
    return "cp1252" if _decodes(sample, "cp1252") else "iso8859-1"


def _is_utf_8(sample: bytes) -> bool:
    """Whether it is UTF-8, but for a character that the end of the sample cuts."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _utf_16_by_its_zeros(start: bytes) -> str:
    """UTF-16 without a mark has a zero in nearly every second byte of Western text. Raises BadTable for anything else with zeros."""
    head = start[:4096]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    most = len(head) // 2 or 1
    if odd > 0.6 * most and even < 0.05 * most:
        return "utf-16-le"
    if even > 0.6 * most and odd < 0.05 * most:
        return "utf-16-be"
    raise BadTable("The file holds NUL bytes and is no text; save the table as CSV in UTF-8.")


def delimiter_of(sample: str) -> str:
    """The delimiter that stands most often outside of quotes in the first line; a comma when there is none.

    When several do, the one wins that gives the first lines the same number of cells.
    """
    lines = [line for line in sample.splitlines() if line.strip()][:_LOOKED_AT]
    if not lines:
        return ","
    bare = "".join(part for at, part in enumerate(lines[0].split('"')) if at % 2 == 0)
    counted = sorted(((bare.count(one), one) for one in DELIMITERS), key=lambda pair: -pair[0])
    (most, first), (next_most, second) = counted[0], counted[1]
    if most and most == next_most:
        return min((first, second), key=lambda one: len({line.count(one) for line in lines}))
    return first if most else ","


def first_records(sample: str, delimiter: str, count: int) -> list[list[str]]:
    """The first records of a sample whose last one may be cut; broken ones are left for the reading itself to complain of."""
    found: list[list[str]] = []
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append(cells)
            if len(found) == count:
                break
    except csv.Error:
        pass
    return found


def has_header(found: list[list[str]]) -> bool:
    """Whether the first record names columns: none of its cells is an address, and not all are numbers or empty."""
    first = found[0] if found else []
    return not any("@" in cell for cell in first) and any(cell.strip() and not _is_number(cell) for cell in first)


def _is_number(cell: str) -> bool:
    return cell.strip().replace(".", "", 1).isdecimal()
