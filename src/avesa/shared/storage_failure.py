"""What went wrong with a file or an object, in words that help.

The text of a library's error is never passed on: an S3 server may quote key ids and signed requests in it.
Only an error number, an HTTP status and S3's error code are taken from it.
"""

from __future__ import annotations

import errno
import os
import re

from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

from avesa.shared.errors import StorageError

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_HTTP_STATUS = re.compile(r"status code: (\d{3})")
_S3_CODE = re.compile(r"<Code>(\w{1,60})</Code>")


def storage_failure(action: str, path: str, failure: Exception) -> StorageError:
    """`failure` of an operating system call or of obstore as one of ours: `cannot {action} {path}: …`.

    Raise it outside of the `except` block, so that the original is not printed along with it.
    """
    number = _error_number(failure)
    if number in _FULL:
        return StorageError(
            f"cannot {action} {path}: the disk is full.",
            hint="Make room and start it again; what was there before is untouched.",
        )
    if number in _FORBIDDEN:
        return StorageError(
            f"cannot {action} {path}: {os.strerror(number)}.",
            hint="Check the owner and the rights of the folder.",
        )
    if number:
        return StorageError(f"cannot {action} {path}: {os.strerror(number)}.")
    return _remote_failure(action, path, failure)


def is_refusal(failure: Exception) -> bool:
    """Whether a bucket refused the credentials, by the word of obstore or of deltalake."""
    text = str(failure)
    status, code = _HTTP_STATUS.search(text), _S3_CODE.search(text)
    return (
        isinstance(failure, PermissionDeniedError | UnauthenticatedError)
        or bool(status and status[1] == "403")
        or bool(code and code[1] == "AccessDenied")
    )


def _remote_failure(action: str, path: str, failure: Exception) -> StorageError:
    text = str(failure)
    status, code = _HTTP_STATUS.search(text), _S3_CODE.search(text)
    reason = " ".join([f"HTTP {status[1]}" if status else "", code[1] if code else ""]).strip()
    if is_refusal(failure):
        return StorageError(
            f"cannot {action} {path}: the bucket refuses the credentials ({reason or 'no right to do it'}).",
            hint="Check the access key, the region and the bucket's policy.",
        )
    if not reason:
        reason = "no answer from the bucket" if "HTTP error" in text or "sending" in text else "unknown cause"
    return StorageError(
        f"cannot {action} {path}: {reason} ({type(failure).__name__}).",
        hint="Check that the root exists and its endpoint can be reached.",
    )


def _error_number(failure: Exception) -> int:
    if isinstance(failure, OSError) and failure.errno:
        return failure.errno
    found = _OS_ERROR.search(str(failure))
    return int(found[1]) if found else 0
