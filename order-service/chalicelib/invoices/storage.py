"""The PDFs of invoices and credit notes in S3. Never written twice."""

from typing import Any

from botocore.exceptions import ClientError

from common import aws

_URL_SECONDS = 900
_PDF = "application/pdf"


def put_once(number: str, pdf: bytes) -> None:
    """Store the PDF of a number. The first one stays."""
    try:
        aws.client("s3").put_object(**_place(number), Body=pdf, ContentType=_PDF, IfNoneMatch="*")
    except ClientError as exc:
        if exc.response["ResponseMetadata"]["HTTPStatusCode"] != 412:
            raise


def find_url(number: str) -> str | None:
    """Return an address of the PDF, valid for fifteen minutes.

    None if there is no PDF yet.
    """
    try:
        aws.client("s3").head_object(**_place(number))
    except ClientError as exc:
        # Without s3:ListBucket, S3 denies access to what is not there.
        if exc.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
            return None
        raise
    shown = {"ResponseContentDisposition": f'inline; filename="{number}.pdf"'}
    url: str = aws.client("s3").generate_presigned_url(
        "get_object", Params=_place(number) | shown, ExpiresIn=_URL_SECONDS
    )
    return url


def _place(number: str) -> dict[str, Any]:
    series = number.rpartition("-")[0]
    return {"Bucket": aws.bucket("invoices"), "Key": f"{series}/{number}.pdf"}
