"""Stops keeping an upload that is larger than this installation takes, whoever sends it and wherever."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

MARK = "SYNDICATION_UPLOAD_IS_TOO_LARGE"


class UploadLimit(FileUploadHandler):
    """The first of the upload handlers: what goes beyond SYNDICATION_IMPORT_MB in one request is read and thrown away."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._bytes = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:  # noqa: ARG002  # Django's own signature
        """Pass the chunk on to the next handler while there is room."""
        self._bytes += len(raw_data)
        if self._bytes > settings.IMPORT_BYTES:
            if self.request is not None:
                self.request.META[MARK] = "1"
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> Any:  # noqa: ARG002  # Django's own signature
        """The next handler has the file."""
        return None


def was_too_large(request: HttpRequest) -> bool:
    """Whether a file of this request was thrown away."""
    _ = request.FILES  # reads the request, if nobody has yet
    return MARK in request.META
