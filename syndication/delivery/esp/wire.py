"""An HTTP connection that tells how far a request had come when it broke."""

import threading
from enum import Enum, auto
from typing import Any

from requests import Session
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Progress(Enum):
    """How far this thread's last request came."""

    UNSENT = auto()
    WRITING = auto()
    WRITTEN = auto()


class _OfThread(threading.local):
    progress = Progress.UNSENT


_of_thread = _OfThread()


def start_request() -> None:
    """Say that a new request begins in this thread."""
    _of_thread.progress = Progress.UNSENT


def progress() -> Progress:
    """How far it came; WRITTEN: the provider may have all of it."""
    return _of_thread.progress


class _Http(HTTPConnection):
    def request(self, *words: Any, **options: Any) -> None:
        _of_thread.progress = Progress.WRITING
        super().request(*words, **options)
        _of_thread.progress = Progress.WRITTEN


class _Https(HTTPSConnection):
    def request(self, *words: Any, **options: Any) -> None:
        _of_thread.progress = Progress.WRITING
        super().request(*words, **options)
        _of_thread.progress = Progress.WRITTEN


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *words: Any, **options: Any) -> None:
        super().init_poolmanager(*words, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


def watch(session: Session) -> None:
    """Let a session note its progress. It follows no redirect (a POST would become a GET) and takes nothing from the environment."""
    session.trust_env = False
    session.max_redirects = 0
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_connections=1, pool_maxsize=1))
