"""The published bytes on disk: versions of a feed beside each other, and one link that moves from the old to the new in one step.

    <folder>/current                     a link to the version that is served
    <folder>/v-<16 hex>/rss.xml          atom.xml, feed.json; .gz and .br beside each where they are smaller
    <folder>/v-<16 hex>/about.json       the validators and what the documents say
    <folder>/moved-to, <folder>/gone     instead: where it went, or that it is no more

Every file of a version has the time of its last change, so that any web server can serve the folder. See docs/decisions/0014.
"""

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from syndication.feeds.encodings import SUFFIXES, Variant, variants_of
from syndication.feeds.files import READABLE_BY_ALL, keep_the_name, replace

CURRENT, ABOUT, MOVED, GONE = "current", "about.json", "moved-to", "gone"
VERSIONS_KEPT = 8  # bases of RFC 3229: readers that poll hourly are at most some changes behind
SHELF_BYTES = 32 * 2**20
VERSIONS_IN_MEMORY = 1_000  # without their bodies: some kilobytes each
_LAYOUT = b"1"  # another number renders nothing anew, but lays every folder out again
_FOLDER_MODE = 0o755
_ENTERED_AGAIN = 3  # times that a version may vanish under a reader


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a feed, as published.

    documents  {"rss.xml": {"identity": Variant, "gzip": …, "br": …}, …}
    links      {"rss.xml": the value of the Link header, …}
    entries    (id, digest of what the entry says), newest first
    """

    name: str
    modified_at: datetime
    is_archive: bool
    documents: Mapping[str, Mapping[str, Variant]]
    links: Mapping[str, str]
    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """What was asked for lies in another folder now, for ever."""

    folder: str


@dataclass(frozen=True, slots=True)
class Gone:
    """What was asked for will not come back."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a version is made of: the bytes of each document by file name, and what is told beside them (see Version)."""

    bodies: Mapping[str, bytes]
    is_archive: bool = False
    links: Mapping[str, str] = field(default_factory=dict)
    entries: tuple[tuple[str, str], ...] = ()
    made_from: Mapping[str, str] = field(default_factory=dict)
    """By the id of each entry, a digest of all that it was rendered from."""

    @property
    def digest(self) -> str:
        """64 hexadecimal digits for the bytes of all documents."""
        found = sha256(_LAYOUT)
        for file_name, body in sorted(self.bodies.items()):
            found.update(f"\0{file_name}\0{len(body)}\0".encode())
            found.update(body)
        return found.hexdigest()


def version_name(digest: str, modified_at: datetime) -> str:
    """The name of a version's folder. The time counts too: a feed may come back to the bytes of an older version."""
    return f"v-{sha256(f'{digest} {_seconds(modified_at)}'.encode()).hexdigest()[:16]}"


def write(root: Path, folder: str, content: Content, *, modified_at: datetime) -> bool:
    """Make `content` what is served from `folder`, with all encodings and validators, in one move; False when it is there already.

    modified_at  aware; whole seconds count. Hold files.alone() around it. A crash leaves the old version; the next call tidies up.
    """
    place, name = root / folder, version_name(content.digest, modified_at)
    if is_current(root, folder, name):
        return False
    place.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
    _tidy(place)
    if not _is_whole(place / name):
        shutil.rmtree(place / name, ignore_errors=True)
        part = Path(tempfile.mkdtemp(dir=place, prefix=".new-"))
        _fill(part, content, _seconds(modified_at))
        part.rename(place / name)
    _point(place, name)
    for left in (MOVED, GONE):
        (place / left).unlink(missing_ok=True)
    _drop_old(place, name)
    return True


def is_current(root: Path, folder: str, name: str) -> bool:
    """Whether the folder serves this version now."""
    with suppress(OSError):
        return (root / folder / CURRENT).readlink().name == name and _is_whole(root / folder / name)
    return False


def _is_whole(version: Path) -> bool:
    """Whether no file of it is missing."""
    with suppress(OSError, ValueError):
        about = json.loads((version / ABOUT).read_bytes())
        needed = {f"{name}{SUFFIXES[encoding]}" for name, tags in about["documents"].items() for encoding in tags}
        return needed <= {path.name for path in version.iterdir()}
    return False


def move(root: Path, folder: str, to: str) -> bool:
    """Say in `folder` that all of it lies in `to` now, and drop what it served; False when it says so already."""
    return _close(root / folder, MOVED, f"{to}\n".encode())


def close(root: Path, folder: str) -> bool:
    """Say in `folder` that it is gone, and drop what it served; False when it says so already."""
    return _close(root / folder, GONE, b"")


def _close(place: Path, notice: str, text: bytes) -> bool:
    changed = replace(place / notice, text)
    for path in place.iterdir():
        if path.name != notice:
            _remove(path)
            changed = True
    return changed


def _fill(part: Path, content: Content, seconds: int) -> None:
    tags: dict[str, dict[str, str]] = {}
    for file_name, body in content.bodies.items():
        variants = variants_of(body)
        tags[file_name] = {encoding: one.etag for encoding, one in variants.items()}
        for encoding, one in variants.items():
            _put(part / f"{file_name}{SUFFIXES[encoding]}", one.body, seconds)
    about = {
        "modified_at": seconds,
        "is_archive": content.is_archive,
        "documents": tags,
        "links": dict(content.links),
        "entries": content.entries,
        "made_from": dict(content.made_from),
    }
    _put(part / ABOUT, json.dumps(about, ensure_ascii=False).encode(), seconds)
    part.chmod(_FOLDER_MODE)
    keep_the_name(part)


def _put(path: Path, body: bytes, seconds: int) -> None:
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fchmod(file.fileno(), READABLE_BY_ALL)
        os.utime(file.fileno(), (seconds, seconds))
        os.fsync(file.fileno())


def _point(place: Path, name: str) -> None:
    """The move itself: a reader follows the old link or the new one."""
    link = place / f".new-{CURRENT}"
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    link.replace(place / CURRENT)
    keep_the_name(place)


def _tidy(place: Path) -> None:
    """Remove what a publisher that died left, and the files of the layout of before, which lay in the folder itself."""
    for entry in os.scandir(place):
        if entry.name.startswith(".new-") or (entry.is_file(follow_symlinks=False) and entry.name not in {MOVED, GONE}):
            _remove(Path(entry.path))


def _drop_old(place: Path, newest: str) -> None:
    versions = [path for path in place.glob("v-*") if path.name != newest]
    versions.sort(key=_age, reverse=True)
    for path in versions[VERSIONS_KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def _age(version: Path) -> float:
    try:
        return (version / ABOUT).stat().st_mtime
    except FileNotFoundError:
        return 0


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


class _OnDisk(Variant):
    """A form whose bytes are read when somebody wants them: most polls are answered by the tag alone."""

    __slots__ = ("_path", "_shelf")
    _path: Path
    _shelf: "Shelf"

    def __init__(self, etag: str, path: Path, shelf: "Shelf") -> None:
        for name, value in (("etag", etag), ("_path", path), ("_shelf", shelf)):
            object.__setattr__(self, name, value)

    @property
    def body(self) -> bytes:
        """The bytes. Raises FileNotFoundError when the version was dropped meanwhile: eight newer ones came."""
        return self._shelf.read(self._path)


class Shelf:
    """Reads published versions under one folder and keeps some in memory: versions never change, so only the link is read each time.

    Bodies are read, and kept up to `most_bytes`, when they are asked for. What came first is dropped first: a newer version of the
    same feed soon takes its place anyway, and nothing has to be written down at each poll. May be shared by threads.
    """

    def __init__(self, root: Path, *, most_bytes: int = SHELF_BYTES) -> None:
        self._root, self._most_bytes = root, most_bytes
        self._kept: dict[tuple[str, str], Version] = {}
        self._bodies: dict[Path, bytes] = {}
        self._bytes = 0
        self._tags: dict[str, tuple[str, dict[str, str]]] = {}
        self._lock = threading.Lock()

    def version(self, folder: str) -> Version | Moved | Gone | None:
        """What `folder` serves now: "field-notes", "field-notes/tags/walks", "field-notes/archive/3"; None when there never was anything."""
        if not _is_plain(folder):
            return None
        for _ in range(_ENTERED_AGAIN):
            try:
                name = os.readlink(f"{self._root}/{folder}/{CURRENT}")  # noqa: PTH115  # each poll comes by: Path costs more than the call
                return self._read(folder, name)
            except FileNotFoundError:  # nothing there, or just replaced for the eighth time
                continue
            except OSError:  # NotADirectoryError, a name that is too long
                break
        return self._notice(folder)

    def older(self, folder: str, etag: str) -> Version | None:
        """The version of the folder, the current one too, of which a document has this tag (quotes included)."""
        with suppress(OSError):
            name = self._names_by_tag(folder).get(etag) if _is_plain(folder) else None
            return self._read(folder, name) if name else None
        return None

    def read(self, path: Path) -> bytes:
        """The bytes of a file in a version, from memory where they are there. Raises OSError."""
        body = self._bodies.get(path)
        if body is None:
            body = path.read_bytes()
            self._keep_body(path, body)
        return body

    def _names_by_tag(self, folder: str) -> dict[str, str]:
        """The names of the versions on disk by the tags of their documents; looked up once for each new version."""
        newest = os.readlink(f"{self._root}/{folder}/{CURRENT}")  # noqa: PTH115
        known = self._tags.get(folder)
        if known is None or known[0] != newest:
            names = {tag: path.name for path in sorted((self._root / folder).glob("v-*"), key=_age) for tag in _tags(path)}
            known = (newest, names)
            with self._lock:
                if len(self._tags) >= VERSIONS_IN_MEMORY:
                    self._tags.clear()
                self._tags[folder] = known
        return known[1]

    def _read(self, folder: str, name: str) -> Version:
        key = (folder, name)
        found = self._kept.get(key)
        if found is None:
            place = self._root / folder / name
            found = _version(place, lambda etag, path: _OnDisk(etag, path, self))
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > VERSIONS_IN_MEMORY:
                    del self._kept[next(iter(self._kept))]
        return found

    def _keep_body(self, path: Path, body: bytes) -> None:
        with self._lock:
            if path not in self._bodies and len(body) <= self._most_bytes:
                self._bodies[path] = body
                self._bytes += len(body)
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._bodies.pop(next(iter(self._bodies))))

    def _notice(self, folder: str) -> Moved | Gone | None:
        """What this folder, or one around it, says instead of a version."""
        parts = folder.split("/")
        for depth in range(len(parts), 0, -1):
            place = self._root.joinpath(*parts[:depth])
            with suppress(OSError):
                return Moved("/".join([(place / MOVED).read_text(encoding="utf-8").strip(), *parts[depth:]]))
            with suppress(OSError):
                (place / GONE).stat()
                return Gone()
        return None


def read_version(place: Path) -> Version:
    """The version in this folder, with all bodies. Raises FileNotFoundError when it is not, or no longer, there."""
    return _version(place, lambda etag, path: Variant(etag, path.read_bytes()))


def _version(place: Path, form: Callable[[str, Path], Variant]) -> Version:
    about: dict[str, Any] = json.loads((place / ABOUT).read_bytes())
    return Version(
        name=place.name,
        modified_at=datetime.fromtimestamp(about["modified_at"], UTC),
        is_archive=about["is_archive"],
        documents={
            file_name: {encoding: form(etag, place / f"{file_name}{SUFFIXES[encoding]}") for encoding, etag in tags.items()}
            for file_name, tags in about["documents"].items()
        },
        links=about["links"],
        entries=tuple((entry_id, digest) for entry_id, digest in about["entries"]),
    )


def _tags(version: Path) -> list[str]:
    """All tags of a version; none when it goes away just now."""
    with suppress(OSError, ValueError):
        documents: dict[str, dict[str, str]] = json.loads((version / ABOUT).read_bytes())["documents"]
        return [tag for tags in documents.values() for tag in tags.values()]
    return []


@lru_cache(maxsize=4096)
def _is_plain(folder: str) -> bool:
    """Whether every part is a plain name: no way out of the root, and no version looked at from inside."""
    return "\0" not in folder and all(part and not part.startswith((".", "v-")) for part in folder.split("/"))
