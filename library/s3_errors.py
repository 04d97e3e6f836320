"""What botocore raises, as errors of `object_store`. The texts never hold a key or a signature."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)

from library.object_store import (
    AccessRefused,
    BucketMissing,
    NoSuchObject,
    ObjectDamaged,
    ObjectStoreError,
    OutOfRange,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
    WrongRegion,
)

# S3 API Reference, "List of error codes"; bare numbers are what HEAD gives, whose answer has no body.
_ACCESS = (
    "403", "AccessDenied", "AllAccessDisabled", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken",
    "RequestTimeTooSkewed", "SignatureDoesNotMatch",
)  # fmt: skip
_REGION = ("301", "AuthorizationHeaderMalformed", "IncorrectEndpoint", "PermanentRedirect")
_MISSING = ("404", "NoSuchKey", "NoSuchVersion")
# The transfer was damaged or too slow; the content of the next one may not be.
_AGAIN = (
    "BadDigest", "IncompleteBody", "OperationAborted", "RequestTimeout", "SlowDown", "Throttling",
    "TooManyRequests", "XAmzContentSHA256Mismatch",
)  # fmt: skip
_DAMAGED = ("BrokenMPU",)  # Swift's, where it has put a damaged part aside
_MEANINGS: dict[type[ObjectStoreError], tuple[str, ...]] = {
    AccessRefused: _ACCESS,
    WrongRegion: _REGION,
    BucketMissing: ("NoSuchBucket",),
    NoSuchObject: _MISSING,
    ObjectDamaged: _DAMAGED,
    OutOfRange: ("416", "InvalidRange"),
    StoreFull: ("507", "InsufficientStorage", "QuotaExceeded"),
    StoreUnavailable: _AGAIN,
}


@contextmanager
def translated(what: str) -> Iterator[None]:
    """`what` is being done: a key, or the store's name. Raises ObjectStoreError in botocore's place."""
    try:
        yield
    except ClientError as error:
        raise meaning_of(error, what) from error
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        raise AccessRefused(f"{what}: {error}") from error
    except BotoCoreError as error:  # no connection, a cut one, an answer that stopped
        raise StoreUnavailable(f"{what}: {error}") from error


def refuse_other_regions(response: tuple[Any, dict[str, Any]] | None, **_: Any) -> None:
    """A handler of botocore's event `needs-retry.s3`, before the one that would go to the right region: what
    is handed out as an address would still name the wrong one. Raises WrongRegion.
    """
    error: dict[str, str] = response[1].get("Error", {}) if response is not None else {}
    if error.get("Code") in _REGION and error.get("Code") != "301":
        raise WrongRegion(f"{error['Code']}: {error.get('Message', '')}".rstrip(": "))


def meaning_of(error: ClientError, what: str) -> ObjectStoreError:
    """An answer of the server that is no success."""
    code, status, text = code_of(error), status_of(error), error.response.get("Error", {}).get("Message", "")
    told = f"{what}: {code} {text}".rstrip()
    for kind, codes in _MEANINGS.items():
        if code in codes:
            return kind(told)
    return StoreUnavailable(told) if status >= 500 or status == 429 else StoreRefused(told)


def code_of(error: ClientError) -> str:
    """`NoSuchUpload`, or the status where the answer had no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    metadata: dict[str, Any] = error.response.get("ResponseMetadata", {})
    return int(metadata.get("HTTPStatusCode", 0))
