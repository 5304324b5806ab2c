from steps import SCHEDULED_EVENT

from chalicelib.search import reader, storage
from common import aws, queues


def keys():
    listed = aws.client("s3").list_objects_v2(Bucket=storage.bucket())
    return [one["Key"] for one in listed.get("Contents", [])]


def names(shop, query=""):
    response = shop.get(f"/products?{query}")
    assert response.status_code == 200, response.body
    return [product["name"] for product in response.json_body]


def waiting_messages():
    url = queues.url("search-index-queue")
    names_of = ["ApproximateNumberOfMessages"]
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names_of)
    return int(found["Attributes"][names_of[0]])


def test_without_an_index_lists_go_on_and_searches_are_503(shop, bowl):
    assert names(shop) == names(shop, "category=general&maxPrice=20") == ["Protein Bowl"]
    paths = (
        "/products?q=bowl", "/products?sort=name", "/products?inStock=true",
        "/products?attr.a=b", "/products/facets", "/products/suggest?q=b",
    )  # fmt: skip
    answers = [shop.get(path) for path in paths]
    assert {(one.status_code, one.json_body["Code"]) for one in answers} == {
        (503, "SearchUnavailable")
    }


def test_a_version_that_is_not_what_was_written_is_never_read(shop, bowl):
    shop.index()
    (key,) = keys()
    data = aws.client("s3").get_object(Bucket=storage.bucket(), Key=key)["Body"].read()
    for broken in (data[: len(data) // 2], b"", data[:-1] + b"x"):
        aws.client("s3").put_object(Bucket=storage.bucket(), Key=key, Body=broken)
        reader.clear()

        assert shop.get("/products?q=bowl").status_code == 503
        assert names(shop) == ["Protein Bowl"]

    shop.change(bowl, name="Poke Bowl")
    shop.index()  # the next change builds another one
    assert names(shop, "q=poke") == ["Poke Bowl"]


def test_an_outage_of_s3_leaves_the_version_that_was_read(shop, bowl, monkeypatch):
    shop.index()
    assert names(shop, "q=bowl") == ["Protein Bowl"]
    shop.create(name="Poke Bowl")
    shop.index()
    names(shop, "q=bowl")

    (pointer,) = shop.rows("SearchIndex")
    aws.client("s3").delete_object(Bucket=storage.bucket(), Key=pointer["key"])

    assert len(names(shop, "q=bowl")) == 2


def test_versions_that_were_replaced_are_deleted_after_a_minute(shop, bowl, monkeypatch):
    for number in range(3):
        shop.change(bowl, name=f"Bowl {number}")
        shop.index()
    assert len(keys()) == 3

    now = storage.time.time()
    monkeypatch.setattr(storage.time, "time", lambda: now + 120)
    shop.change(bowl, name="Bowl")
    shop.index()

    assert len(keys()) == 2  # the one that is read, and the one before it


def test_writers_at_once_lose_no_change(shop, bowl, tea, monkeypatch):
    shop.index()
    publish = storage.publish

    def publish_after_another(*arguments):
        monkeypatch.setattr(storage, "publish", publish)
        shop.change(tea, name="Green Tea")
        shop.api.sqs("on-search-index-queue", [{"keys": [tea]}])
        return publish(*arguments)

    monkeypatch.setattr(storage, "publish", publish_after_another)
    shop.change(bowl, name="Poke Bowl")
    shop.api.sqs("on-search-index-queue", [{"keys": [bowl]}])
    reader.clear()

    assert (names(shop, "q=poke"), names(shop, "q=green")) == (["Poke Bowl"], ["Green Tea"])
    assert len(keys()) == 3  # what lost the race is deleted


def test_a_change_during_a_rebuild_is_not_lost(shop, bowl, tea, monkeypatch):
    shop.index()
    publish = storage.publish

    def publish_after_another(*arguments):
        monkeypatch.setattr(storage, "publish", publish)
        shop.change(tea, name="Green Tea")
        shop.api.sqs("on-search-index-queue", [{"keys": [tea]}])
        return publish(*arguments)

    monkeypatch.setattr(storage, "publish", publish_after_another)
    shop.api.sqs("on-search-index-queue", [{"all": True}])
    reader.clear()

    assert (names(shop, "q=bowl"), names(shop, "q=green")) == (["Protein Bowl"], ["Green Tea"])


def test_an_index_is_built_if_there_is_none_and_every_day(shop, bowl, monkeypatch):
    assert shop.api.invoke("refresh-search-index", SCHEDULED_EVENT) is True
    shop.index()
    assert names(shop, "q=bowl") == ["Protein Bowl"]
    assert shop.api.invoke("refresh-search-index", SCHEDULED_EVENT) is False
    assert waiting_messages() == 0

    monkeypatch.setenv("SHOP_LANGUAGE", "de")
    assert shop.api.invoke("refresh-search-index", SCHEDULED_EVENT) is True


def test_repeated_and_reordered_messages_change_nothing(shop, bowl, tea):
    shop.index()
    before = shop.get("/products").json_body

    for _ in range(2):
        shop.api.sqs("on-search-index-queue", [{"keys": [tea, bowl]}, {"tree": True}])
        shop.api.sqs("on-search-index-queue", [{"keys": [bowl, "PROD#01NOBODY", "SKU#1"]}])
    reader.clear()

    assert shop.get("/products").json_body == before
    assert shop.get("/products/facets").json_body["total"] == 2
