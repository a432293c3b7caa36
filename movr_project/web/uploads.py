"""File uploads: rejected before they are read, unless the view accepts them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

View = Callable[..., HttpResponse]


class UnexpectedFile(SuspiciousOperation):
    """A file that the view doesn't accept. Results in a 400 response."""


class UploadTooBig(RequestDataTooBig):
    """Results in a 413 response."""


@dataclass(frozen=True)
class Uploads:
    """How many files a view accepts, and how many bytes in total."""

    max_files: int = 0
    max_bytes: int = 0


def accepts_uploads(*, max_files: int, max_bytes: int) -> Callable[[View], View]:
    """Declare that a view's form has files. ``max_bytes`` is their total size."""

    def declare(view: View) -> View:
        view.uploads = Uploads(max_files, max_bytes)
        return view

    return declare


def uploads_of(request: HttpRequest) -> Uploads:
    """Return what the request's view has declared, or the default if there is no view.

    The view is not resolved yet if the database failed before: then the form is only read to be sent again.
    """
    try:
        match = request.resolver_match or resolve(request.path_info)
    except Resolver404:
        return Uploads()
    return getattr(match.func, "uploads", Uploads())


class DeclaredUploadHandler(FileUploadHandler):
    """The first upload handler. The others receive only files that the view has declared.

    Django itself accepts any file at any URL and writes it to disk before a view runs.
    """

    def __init__(self, request: HttpRequest | None = None):
        super().__init__(request)
        self.declared = Uploads()
        self.files = self.bytes = 0

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:  # noqa: N803 (Django's name)
        self.declared = uploads_of(self.request)
        if content_length > self.declared.max_bytes + settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise UploadTooBig("A form is too big.")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.files += 1
        if self.files > self.declared.max_files:
            raise UnexpectedFile("An unexpected file.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.bytes += len(raw_data)
        if self.bytes > self.declared.max_bytes:
            self._remove_partial_file()
            raise UploadTooBig("Files are too big.")
        return raw_data

    def _remove_partial_file(self) -> None:
        """Remove this file. Django closes, and so removes, the complete ones."""
        for handler in self.request.upload_handlers:
            handler.upload_interrupted()

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers after this one."""
