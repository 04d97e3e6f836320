"""An upload in parts that goes on where it stopped, after a cut line, a killed process or a new start.

boto3's own `upload_file` begins anew each time. Here the upload's id is kept in a file before the first part
goes, the server is asked which parts it has (`list_parts`), and only the others are sent: at most one twice.
Each part is signed with its SHA-256, so that a server never keeps one that was damaged on the way.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from library.lasting_file import sync_folder, write_whole
from library.object_store import FileFacts, Progress, SourceChanged
from library.s3_errors import code_of

# S3 User Guide, "Amazon S3 multipart upload limits": 1 to 10,000 parts of 5 MiB to 5 GiB.
MOST_PARTS = 10_000
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """`number` counts from 1; `first`: the file's byte that it begins with."""

    number: int
    first: int
    length: int


@dataclass(frozen=True, slots=True)
class Upload:
    """One under way, as it is kept: whose content is given by `sha256` and `bytes`, cut into `part_bytes`."""

    key: str
    upload_id: str
    sha256: str
    bytes: int
    part_bytes: int


def part_size(total: int, smallest: int) -> int:
    """Whole mebibytes above `smallest`, as many as MOST_PARTS of them need to hold `total`."""
    needed = -(-total // MOST_PARTS)
    return max(smallest, -(-needed // _MEBIBYTE) * _MEBIBYTE)


def parts_of(total: int, part_bytes: int) -> list[Part]:
    """The parts of a file that has at least one byte; only the last may be shorter."""
    starts = range(0, total, part_bytes)
    return [Part(n, first, min(part_bytes, total - first)) for n, first in enumerate(starts, 1)]


class UploadRecords:
    """Files that say which uploads are under way, one for each key. Blocking; one writer for each key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, key: str) -> Upload | None:
        """None also for a file that is not one of ours: the upload begins anew, a sweep drops the old one."""
        try:
            return Upload(**json.loads(self._path(key).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def save(self, upload: Upload) -> None:
        """Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._path(upload.key), json.dumps(asdict(upload)).encode())

    def forget(self, key: str) -> None:
        """Idempotent. Raises OSError."""
        path = self._path(key)
        if path.exists():
            path.unlink(missing_ok=True)
            sync_folder(self._folder)

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.json"


class PartedUpload:
    """Uploads of one bucket. `client`: boto3's; its errors pass. `records`: where uploads are remembered."""

    def __init__(self, client: Any, bucket: str, records: UploadRecords, *, smallest_part: int) -> None:
        self._client = client
        self._bucket = bucket
        self._records = records
        self._smallest_part = smallest_part

    def send(self, key: str, source: Path, facts: FileFacts, progress: Progress) -> None:
        """What has come by the time of an error is gone on with by the next `send` of the same content.

        Raises SourceChanged, OSError, botocore's errors.
        """
        upload, there = self._resumed(key, facts) or (self._begun(key, facts), {})
        for part in parts_of(facts.bytes, upload.part_bytes):
            if part.number not in there:
                there[part.number] = self._send_part(upload, part, _content(source, part))
            progress(part.first + part.length, facts.bytes)
        facts.check_unchanged(source)
        self._complete(upload, there)
        self._records.forget(key)

    def _resumed(self, key: str, facts: FileFacts) -> tuple[Upload, dict[int, str]] | None:
        """The upload under way and the parts that are there: number → ETag. Other content's is dropped."""
        upload = self._records.load(key)
        if upload is None:
            return None
        if (upload.sha256, upload.bytes) == (facts.sha256, facts.bytes):
            there = self._parts_there(upload)
            return None if there is None else (upload, there)
        self._abort(upload)
        return None

    def _parts_there(self, upload: Upload) -> dict[int, str] | None:
        lengths = {part.number: part.length for part in parts_of(upload.bytes, upload.part_bytes)}
        pages = self._client.get_paginator("list_parts").paginate(**self._of(upload))
        try:
            told = [part for page in pages for part in page.get("Parts", ())]
        except ClientError as error:
            if code_of(error) == "NoSuchUpload":  # completed after all, aborted, or swept
                return None
            raise
        return {p["PartNumber"]: p["ETag"] for p in told if lengths.get(p["PartNumber"]) == p["Size"]}

    def _begun(self, key: str, facts: FileFacts) -> Upload:
        begun = self._client.create_multipart_upload(
            Bucket=self._bucket, Key=key, Metadata={"sha256": facts.sha256}
        )
        size = part_size(facts.bytes, self._smallest_part)
        upload = Upload(key, begun["UploadId"], facts.sha256, facts.bytes, size)
        self._records.save(upload)
        return upload

    def _send_part(self, upload: Upload, part: Part, content: bytes) -> str:
        sent = self._client.upload_part(**self._of(upload), PartNumber=part.number, Body=content)
        return str(sent["ETag"])

    def _complete(self, upload: Upload, tags: dict[int, str]) -> None:
        parts = [{"PartNumber": number, "ETag": tags[number]} for number in sorted(tags)]
        try:
            self._client.complete_multipart_upload(**self._of(upload), MultipartUpload={"Parts": parts})
        except ClientError as error:
            # An attempt whose answer was lost had completed it; whether it did, the store asks next.
            if code_of(error) != "NoSuchUpload":
                raise

    def _abort(self, upload: Upload) -> None:
        try:
            self._client.abort_multipart_upload(**self._of(upload))
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":
                raise
        self._records.forget(upload.key)

    def _of(self, upload: Upload) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": upload.key, "UploadId": upload.upload_id}


def _content(source: Path, part: Part) -> bytes:
    with open(source, "rb", buffering=0) as file:
        blocks: list[bytes] = []
        first, missing = part.first, part.length
        while missing and (block := os.pread(file.fileno(), missing, first)):
            blocks.append(block)
            first, missing = first + len(block), missing - len(block)
        os.posix_fadvise(file.fileno(), part.first, part.length, os.POSIX_FADV_DONTNEED)
    if missing:
        raise SourceChanged(f"{source} has become shorter")
    return b"".join(blocks)


def upload_ids(client: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Uploads that nobody completed: `Key`, `UploadId`, `Initiated`."""
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        yield from page.get("Uploads", ())
