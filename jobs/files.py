"""Files of jobs, in the database: what was uploaded for a job, and what it made."""

import uuid
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from movr_project.db.retry import retry_transaction
from movr_project.errors import TemporaryFailure

from .models import FileKind, Job, JobFilePart

PART_BYTES = 256 * 1024


class FileWriter:
    """A binary file that stores what is written in parts, so that memory use doesn't depend on its size.

    Parts of earlier attempts are removed. Nobody sees the file before the job is done.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.number = 0
        self.size = 0  # in bytes
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        _forget_result(self.job)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        if kind is None:
            self._store(len(self._buffer))

    def write(self, content: bytes) -> int:
        self._buffer += content
        self.size += len(content)
        while len(self._buffer) >= PART_BYTES:
            self._store(PART_BYTES)
        return len(content)

    def flush(self) -> None:
        """Do nothing: parts are stored once they are full."""

    def _store(self, size: int) -> None:
        if size:
            _add_part(self.job, FileKind.RESULT, self.number, bytes(self._buffer[:size]), self.job.token)
            self.number += 1
            del self._buffer[:size]


@retry_transaction(idempotent=True)
def _forget_result(job: Job) -> None:
    """Remove what an earlier attempt has written. Without its name, nobody attaches it to an e-mail."""
    Job.objects.held(job).update(file_name="")
    JobFilePart.objects.filter(city=job.city, job_id=job.id, kind=FileKind.RESULT).delete()


@retry_transaction(idempotent=True)
def _add_part(job: Job, kind: FileKind, number: int, content: bytes, token: uuid.UUID | None) -> None:
    JobFilePart.objects.bulk_create([_part(job, kind, number, content, token)], ignore_conflicts=True)


def _part(job: Job, kind: FileKind, number: int, content: bytes, token: uuid.UUID | None) -> JobFilePart:
    id_ = uuid.uuid5(job.id, f"{kind}:{token}:{number}")
    return JobFilePart(city=job.city, id=id_, job_id=job.id, kind=kind, token=token, number=number, content=content)


def attach_input(job: Job, chunks: Iterable[bytes]) -> None:
    """Store a file that the job will read, such as ``upload.chunks()``. Part of the transaction that adds the job."""
    for number, chunk in enumerate(chunks):
        JobFilePart.objects.bulk_create([_part(job, FileKind.INPUT, number, chunk, None)], ignore_conflicts=True)


def read_file(job: Job, kind: FileKind) -> Iterator[bytes]:
    """Return the pieces of a job's file, each read when it is needed."""
    parts = JobFilePart.objects.filter(city=job.city, job_id=job.id, kind=kind)
    if kind == FileKind.RESULT:
        parts = parts.filter(token=job.token)
    number = 0
    while (content := parts.filter(number=number).values_list("content", flat=True).first()) is not None:
        yield bytes(content)
        number += 1


def attachment(key: str) -> tuple[str, bytes, str]:
    """Return name, content and type of a job's result, for an e-mail. ``key`` is the job's.

    Raise ``TemporaryFailure`` if the job runs again, and its file isn't whole.
    """
    job = Job.objects.get(pk=key)
    content = b"".join(read_file(job, FileKind.RESULT))
    same = Job.objects.row(job).filter(token=job.token, file_name=job.file_name)
    if not (content and job.file_name and same.exists()):
        raise TemporaryFailure("file_not_ready")
    return job.file_name, content, job.file_type
