"""The files of imports in S3: uploads, parts, results, reports."""

from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from botocore.exceptions import ClientError

from chalicelib.search.storage import bucket
from common import aws

Contents = TypeVar("Contents")
_URL_SECONDS = 900
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def presign_upload(import_id: str, max_bytes: int) -> dict[str, Any]:
    """Return the form that uploads the file, and no larger one."""
    form: dict[str, Any] = aws.client("s3").generate_presigned_post(
        bucket(),
        _key(import_id, "file"),
        Conditions=[["content-length-range", 1, max_bytes]],
        ExpiresIn=_URL_SECONDS,
    )
    return form


def presign_report(import_id: str) -> str:
    """Return an address of the report, valid for fifteen minutes."""
    place = {"Bucket": bucket(), "Key": _key(import_id, "report.csv")}
    url: str = aws.client("s3").generate_presigned_url(
        "get_object", Params=place, ExpiresIn=_URL_SECONDS
    )
    return url


def find(import_id: str, name: str) -> bytes | None:
    """Return a file of the import, None if there is none."""
    try:
        answer = aws.client("s3").get_object(Bucket=bucket(), Key=_key(import_id, name))
    except ClientError as exc:
        # Without s3:ListBucket, S3 denies access to what is not there.
        if exc.response["Error"]["Code"] in ("NoSuchKey", "AccessDenied"):
            return None
        raise
    data: bytes = answer["Body"].read()
    return data


def exists(import_id: str, name: str) -> bool:
    """Whether the import has the file."""
    try:
        aws.client("s3").head_object(Bucket=bucket(), Key=_key(import_id, name))
    except ClientError as exc:
        if exc.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
            return False
        raise
    return True


def write_json(import_id: str, name: str, contents: object) -> None:
    """Write a file with these contents, amounts with their very digits."""
    put(import_id, name, _ENCODER.encode(contents))


def put(import_id: str, name: str, data: bytes) -> None:
    """Write a file of the import, or write it again."""
    aws.client("s3").put_object(Bucket=bucket(), Key=_key(import_id, name), Body=data)


def read_json(import_id: str, name: str, kind: type[Contents]) -> Contents:
    """Return the contents of a file that was written before."""
    data = find(import_id, name)
    if data is None:
        raise FileNotFoundError(f"{import_id}: {name}")
    return msgspec.json.Decoder(kind, float_hook=Decimal).decode(data)


def _key(import_id: str, name: str) -> str:
    return f"imports/{import_id.partition('#')[2]}/{name}"
