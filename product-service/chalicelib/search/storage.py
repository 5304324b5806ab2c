"""Versions of the index in S3, and the pointer to the one that is read.

A version is written under a key of its own, and the pointer, a row with an optimistic lock, after
it: nobody reads half a version. Older versions are kept for a minute, for those who read the
pointer just before, and then deleted.
"""

import hashlib
import time

from botocore.exceptions import ClientError
from pynamodb.attributes import ListAttribute, UnicodeAttribute
from pynamodb.models import Model

from common import aws, clock, dynamodb, ids
from common.dynamodb import WholeNumber

_NAME = "products"
_KEEP_SECONDS = 60
_PREFIX = "search/"


class IndexUnreadable(Exception):
    """The version is missing in S3, or is not what was written."""


class OldVersion(dynamodb.Map):
    """A version that another one has replaced."""

    key = UnicodeAttribute()
    replaced_at = WholeNumber(attr_name="replacedAt")


class Pointer(Model):
    """The version of the index that is read."""

    class Meta(dynamodb.Meta):
        table_name = "SearchIndex"

    name = UnicodeAttribute(hash_key=True, default=_NAME)
    key = UnicodeAttribute()
    digest = UnicodeAttribute()
    schema = WholeNumber()
    language = UnicodeAttribute()
    rebuilt_at = UnicodeAttribute(attr_name="rebuiltAt")
    written_at = UnicodeAttribute(attr_name="writtenAt")
    old: ListAttribute[OldVersion] = dynamodb.MapsAttribute(of=OldVersion, default=list)


def find_pointer() -> Pointer | None:
    """Return the pointer to the version that is read, None before the first one."""
    return dynamodb.find(Pointer, _NAME)


def peek_pointer() -> Pointer | None:
    """Return the pointer for a reader: eventually consistent, at half the price."""
    try:
        return Pointer.get(_NAME)
    except Pointer.DoesNotExist:
        return None


def fetch(pointer: Pointer) -> bytes:
    """Return the bytes of a version. Raises: IndexUnreadable."""
    try:
        answer = aws.client("s3").get_object(Bucket=bucket(), Key=pointer.key)
    except ClientError as exc:
        # Without s3:ListBucket, S3 denies access to what is not there.
        if exc.response["Error"]["Code"] in ("NoSuchKey", "AccessDenied"):
            raise IndexUnreadable(f"{pointer.key} is not in S3") from None
        raise
    data: bytes = answer["Body"].read()
    if hashlib.sha256(data).hexdigest() != pointer.digest:
        raise IndexUnreadable(f"{pointer.key} is not what was written")
    return data


def publish(data: bytes, new: Pointer, replaced: Pointer | None) -> bool:
    """Write a version, and point to it. False if another one was published meanwhile.

    Versions that were replaced a minute ago are deleted.
    """
    new.key = f"{_PREFIX}{ids.suffix(ids.new('INDEX'))}.sqlite"
    new.digest = hashlib.sha256(data).hexdigest()
    new.written_at = clock.now()
    now, old = int(time.time()), list(replaced.old) if replaced else []
    if replaced:
        old.append(OldVersion(key=replaced.key, replaced_at=now))
    expired = [one.key for one in old if one.replaced_at < now - _KEEP_SECONDS]
    new.old = [one for one in old if one.key not in expired]
    aws.client("s3").put_object(Bucket=bucket(), Key=new.key, Body=data)
    unchanged = Pointer.key == replaced.key if replaced else Pointer.name.does_not_exist()
    is_published = dynamodb.save_if(new, unchanged)
    _delete(expired if is_published else [new.key])
    return is_published


def bucket() -> str:
    """Return the name of the catalogue's bucket."""
    return aws.bucket("catalogue")


def _delete(keys: list[str]) -> None:
    for key in keys:
        aws.client("s3").delete_object(Bucket=bucket(), Key=key)
