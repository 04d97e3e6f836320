"""Objects in a bucket of an S3 service (Amazon's, MinIO, Ceph, Swift …), by boto3.

The SHA-256 of the whole object is its metadata `sha256`: the ETag of an upload in parts says nothing of it.
Blocking; boto3's client may be used by several threads. Imported only where KODO_OBJECTS names a bucket.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from library.object_store import (
    BLOCK_BYTES,
    FileFacts,
    NoSuchObject,
    ObjectDamaged,
    OutOfRange,
    Progress,
    StoredObject,
    check_key,
    no_progress,
    wanted_facts,
)
from library.s3_errors import code_of, meaning_of, refuse_other_regions, status_of, translated
from library.s3_upload import PartedUpload, UploadRecords, upload_ids

PART_BYTES = 16 << 20
MOST_ADDRESS_SECONDS = 7 * 24 * 3600  # of signature version 4


@dataclass(frozen=True, slots=True)
class S3Place:
    """Where the bucket is and with which keys; None: as boto3 finds it (environment, instance).

    `path_style`: the bucket's name stands in the path, not in the host's name.
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    path_style: bool = False
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)


class S3Store:
    """`uploads`: folder that remembers uploads under way. `part_bytes`: of an upload; smaller files go whole.

    `attempts`, `timeout_seconds`: of one request.
    """

    def __init__(
        self,
        place: S3Place,
        uploads: Path,
        *,
        part_bytes: int = PART_BYTES,
        attempts: int = 3,
        timeout_seconds: float = 30.0,
    ) -> None:
        self._bucket = place.bucket
        self._prefix = f"{place.prefix}/" if place.prefix else ""
        self._part_bytes = part_bytes
        self._client = _client(place, attempts, timeout_seconds)
        self._parted = PartedUpload(
            self._client, place.bucket, UploadRecords(uploads), smallest_part=part_bytes
        )

    @property
    def name(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def put(
        self,
        key: str,
        source: Path,
        *,
        sha256: str | None = None,
        anew: bool = False,
        progress: Progress = no_progress,
    ) -> StoredObject:
        """See ObjectStore."""
        name = self._name(key)
        facts = wanted_facts(source, sha256)
        told = StoredObject(key, facts.bytes, facts.sha256)
        with suppress(NoSuchObject):
            if self.head(key) == told and not anew:
                return told
        with translated(key):
            if facts.bytes > self._part_bytes:
                self._parted.send(name, source, facts, progress)
            else:
                self._put_whole(name, source, facts)
        if self.head(key) != told:
            raise ObjectDamaged(f"{key}: the store tells another length or SHA-256 than it was given")
        progress(facts.bytes, facts.bytes)
        return told

    def put_small(self, key: str, content: bytes) -> None:
        """Put what is in memory there, in one request; the service checks the body's SHA-256 as it comes."""
        name = self._name(key)
        with translated(key):
            self._client.put_object(
                Bucket=self._bucket, Key=name, Body=content, Metadata={"sha256": sha256(content).hexdigest()}
            )

    def head(self, key: str) -> StoredObject:
        """See ObjectStore. `sha256` is None for what others put there."""
        name = self._name(key)
        with translated(key):
            try:
                answer = self._client.head_object(Bucket=self._bucket, Key=name)
            except ClientError as error:
                self._explain(error)
                raise
        return StoredObject(key, answer["ContentLength"], answer.get("Metadata", {}).get("sha256"))

    def read(self, key: str, first: int, length: int) -> bytes:
        """See ObjectStore."""
        if first < 0 or length < 1:
            raise ValueError("a range begins at 0 or later and has a byte or more")
        with translated(key):
            answer = self._get(key, Range=f"bytes={first}-{first + length - 1}")
            data: bytes = answer["Body"].read()
        if not data:
            raise OutOfRange(f"{key} ends before {first}")
        return data

    def chunks(self, key: str) -> Iterator[bytes]:
        """See ObjectStore."""
        with translated(key):
            body = self._get(key)["Body"]
            try:
                yield from body.iter_chunks(BLOCK_BYTES)
            finally:
                body.close()

    def delete(self, key: str) -> None:
        """See ObjectStore."""
        name = self._name(key)
        with translated(key), suppress(NoSuchObject):
            try:
                self._client.delete_object(Bucket=self._bucket, Key=name)
            except ClientError as error:
                raise meaning_of(error, key) from error

    def list_objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """See ObjectStore: a listing tells no SHA-256."""
        return (one for one, _ in self.list_with_times(prefix))

    def list_with_times(self, prefix: str = "") -> Iterator[tuple[StoredObject, datetime]]:
        """With when each was put there, by the service's clock."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix
        )
        with translated(self.name):
            for page in pages:
                for one in page.get("Contents", ()):
                    key = one["Key"].removeprefix(self._prefix)
                    yield StoredObject(key, one["Size"], None), one["LastModified"]

    def address(self, key: str, seconds: int) -> str | None:
        """See ObjectStore. At most MOST_ADDRESS_SECONDS."""
        name = self._name(key)
        with translated(key):
            url: str = self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": name},
                ExpiresIn=min(seconds, MOST_ADDRESS_SECONDS),
            )
        return url

    def sweep(self, before: datetime) -> list[str]:
        """See ObjectStore. Who would have gone on with one of them begins anew."""
        swept = []
        with translated(self.name):
            for one in list(upload_ids(self._client, self._bucket, self._prefix)):
                if one["Initiated"] < before:
                    self._client.abort_multipart_upload(
                        Bucket=self._bucket, Key=one["Key"], UploadId=one["UploadId"]
                    )
                    swept.append(one["Key"].removeprefix(self._prefix))
        return swept

    def close(self) -> None:
        """See ObjectStore."""
        self._client.close()

    def _name(self, key: str) -> str:
        check_key(key)
        return self._prefix + key

    def _get(self, key: str, **more: str) -> Any:
        return self._client.get_object(Bucket=self._bucket, Key=self._name(key), **more)

    def _put_whole(self, name: str, source: Path, facts: FileFacts) -> None:
        content = source.read_bytes()
        facts.check_unchanged(source)
        self._client.put_object(
            Bucket=self._bucket, Key=name, Body=content, Metadata={"sha256": facts.sha256}
        )

    def _explain(self, error: ClientError) -> None:
        """HEAD's answer has no body: what its number means is asked for with a listing, which has one.

        Raises what that says; nothing where the number was all there is to say.
        """
        if code_of(error) == str(status_of(error)) and status_of(error) < 500:
            self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)


def _client(place: S3Place, attempts: int, timeout_seconds: float) -> Any:
    config = Config(
        signature_version="s3v4",
        s3={
            "addressing_style": "path" if place.path_style else "virtual",
            "payload_signing_enabled": True,  # over TLS, too: the server checks each body's SHA-256
        },
        # Newer kinds of checksums, which not every service knows; ours goes over the whole object.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=min(timeout_seconds, 5.0),
        read_timeout=timeout_seconds,
        tcp_keepalive=True,
    )
    session = boto3.session.Session(
        aws_access_key_id=place.access_key,
        aws_secret_access_key=place.secret_key,
        region_name=place.region,
    )
    client = session.client("s3", endpoint_url=place.endpoint, config=config)
    client.meta.events.register_first("needs-retry.s3", refuse_other_regions)
    return client
