"""Makes a large message small without losing what is read of it: headers and the beginning of every part stay, the rest goes."""

from syndication.delivery.bounces.letters.mime import HEADER_BYTES, LOOKED_AT, take_apart

LARGEST_KEPT = 256 * 1024  # bytes
_OTHER_PARTS = 1024  # bytes of a picture or of a page: nobody reads them
_READ = ("text/plain", "message/", "text/rfc822-headers", "multipart/")


def condensed(raw: bytes, limit: int = LARGEST_KEPT) -> bytes:
    """The message, with the ends of its parts cut off where it is larger than `limit` bytes; what is read of both is the same."""
    if len(raw) <= limit:
        return raw
    pieces, at = [], 0
    for part in sorted(take_apart(raw).parts, key=lambda one: one.start):
        if part.start < at:
            continue
        pieces.append(_short(raw, at, part.start))
        keep = 2 * LOOKED_AT if part.kind.startswith(_READ) else _OTHER_PARTS
        pieces.append(raw[part.start : min(part.end, part.start + keep)])
        if part.end - part.start > keep:
            pieces.append(b"\r\n")
        at = part.end
    return b"".join((*pieces, _short(raw, at, len(raw))))[:limit]


def _short(raw: bytes, start: int, end: int) -> bytes:
    """What stands between two bodies: delimiters and headers, of which the first 64 KB are read."""
    if end - start <= 2 * HEADER_BYTES:
        return raw[start:end]
    return raw[start : start + HEADER_BYTES] + b"\r\n\r\n" + raw[end - HEADER_BYTES // 2 : end]
