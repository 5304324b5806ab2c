"""An admin who imports a catalogue."""

import csv
import io
from typing import Any
from urllib.parse import urlsplit

from actors import Shop, receive_all

from common import aws


class Importer:
    """Uploads files, and lets the queue's consumer work."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def upload(self, content: str | bytes, **options: Any) -> str:
        created = self.shop.api.post("/products/imports", options, token=self.shop.admin)
        assert created.status_code == 201
        import_id, upload = created.json_body["importId"], created.json_body["upload"]
        bucket = urlsplit(upload["url"]).hostname.split(".")[0]
        data = content if isinstance(content, bytes) else content.encode()
        aws.client("s3").put_object(Bucket=bucket, Key=upload["fields"]["key"], Body=data)
        return import_id

    def start(self, import_id: str) -> Any:
        path = f"/products/imports/{import_id.removeprefix('IMPORT#')}/start"
        return self.shop.api.post(path, None, token=self.shop.admin)

    def show(self, import_id: str) -> Any:
        path = f"/products/imports/{import_id.removeprefix('IMPORT#')}"
        return self.shop.api.get(path, token=self.shop.admin).json_body

    def work(self) -> None:
        while messages := receive_all("import-queue"):
            for message in messages:
                self.shop.api.sqs("on-import-queue", [message])

    def load(self, content: str | bytes, **options: Any) -> Any:
        import_id = self.upload(content, **options)
        assert self.start(import_id).status_code == 202
        self.work()
        return self.show(import_id)

    def report(self, shown: Any) -> list[dict[str, str]]:
        key = urlsplit(shown["reportUrl"])
        bucket = key.hostname.split(".")[0]
        answer = aws.client("s3").get_object(Bucket=bucket, Key=key.path.lstrip("/"))
        text = answer["Body"].read().decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))
