import json
from collections.abc import Iterator
from typing import Any

import pytest
from actors import STREAMS
from botocore.client import BaseClient
from chalice.cli.factory import CLIFactory
from import_files import SHOPIFY
from importer import Importer
from steps import SCHEDULED_EVENT, error_of, new_order

from chalicelib.search import storage
from common import auth, aws, queues
from testkit import service_client

PUBLIC = {
    ("GET", "/product"), ("GET", "/products"), ("GET", "/product/{product_id}"),
    ("GET", "/products/facets"), ("GET", "/products/suggest"), ("GET", "/categories"),
}  # fmt: skip
S3_KEYS = "commerce-catalogue-*/search/*"
IMPORT_KEYS = "commerce-catalogue-*/imports/*"
# What Lambda does for a consumer, in no code of ours.
EVENT_SOURCES = {
    "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator",
    "dynamodb:ListStreams", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
}  # fmt: skip
TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def routes(api):
    return {
        (method, path): entry
        for path, methods in api.app.routes.items()
        for method, entry in methods.items()
        if method != "HEAD"  # as GET
    }


def test_only_the_listed_routes_are_public(api):
    assert {way for way, entry in routes(api).items() if entry.authorizer is None} == PUBLIC


def test_every_other_route_has_the_authorizer(api):
    others = {entry.authorizer.name for way, entry in routes(api).items() if way not in PUBLIC}
    assert others == {"authorizer"}


@pytest.fixture
def calls(monkeypatch):
    """The calls to AWS from a cold start on, as (action, resource) of IAM."""
    auth.clear_keys()
    queues.url.cache_clear()
    recorded: set[tuple[str, str]] = set()
    call = BaseClient._make_api_call

    def recording_call(client, operation, arguments):
        recorded.update(permissions(client.meta.service_model.service_name, operation, arguments))
        return call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", recording_call)
    return recorded


def permissions(
    service: str, operation: str, arguments: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    if operation == "TransactWriteItems":
        for item in arguments["TransactItems"]:
            ((kind, part),) = item.items()
            yield f"dynamodb:{TRANSACTED[kind]}", f"table/{part['TableName']}"
    elif operation == "BatchGetItem":
        yield from (
            ("dynamodb:BatchGetItem", f"table/{table}") for table in arguments["RequestItems"]
        )
    elif service == "dynamodb":
        index = f"/index/{arguments['IndexName']}" if "IndexName" in arguments else ""
        yield f"dynamodb:{operation}", f"table/{arguments['TableName']}{index}"
    elif service == "sqs":
        queue = arguments.get("QueueName") or arguments["QueueUrl"].rsplit("/", 1)[-1]
        yield f"sqs:{operation}", queue
    elif service == "s3":
        is_import = str(arguments["Key"]).startswith("imports/")
        # HeadObject is allowed by s3:GetObject.
        action = operation.replace("HeadObject", "GetObject")
        yield f"s3:{action}", IMPORT_KEYS if is_import else S3_KEYS
    elif service == "events":
        yield f"events:{operation}", "event-bus/commerce"
    elif service == "ssm":
        yield f"ssm:{operation}", f"parameter{arguments['Name']}"


def allowed(service, function, stage="prod"):
    """What the policy of a function allows, except logs and traces."""
    config = (
        CLIFactory(str(service))
        .create_config_obj(stage, autogen_policy=False)
        .scope(stage, function)
    )
    policy = json.loads((service / ".chalice" / config.iam_policy_file).read_text())
    return {
        (action, resource.split(":", 5)[-1])
        for statement in policy["Statement"]
        for action in statement["Action"]
        for resource in as_list(statement["Resource"])
        if action.split(":")[0] not in ("logs", "xray")
    }


def as_list(value):
    return value if isinstance(value, list) else [value]


def test_each_step_has_exactly_the_permissions_that_it_uses(shop, service, bowl, set_clock, calls):
    first, second = new_order(), new_order()
    for function, use in {
        "check-inventory": lambda: (
            shop.reserve(first, **{bowl: 2}),
            shop.reserve(second, **{bowl: 1}),
            shop.reserve(second, **{bowl: 1}),
            error_of(shop.reserve, new_order(), **{bowl: 9}),
        ),
        "update-inventory": lambda: (
            shop.commit(first, **{bowl: 1}),
            shop.commit(new_order(), **{bowl: 1}),
            error_of(shop.commit, new_order(), **{bowl: 9}),
        ),
        "return-inventory": lambda: (
            shop.return_goods(first, "REFUND#1", **{bowl: 1}),
            error_of(shop.return_goods, first, "REFUND#2", **{bowl: 2}),
        ),
        "expire-reservations": lambda: (set_clock(1960), shop.expire()),
        "release-inventory": lambda: (shop.release(first), shop.release(new_order())),
    }.items():
        calls.clear()
        use()
        assert calls == allowed(service, function), function


def use_parent(shop, related):
    """Create, show and change a parent with its variant."""
    parent = {
        "name": "Shirt", "options": ["Size"], "relatedIds": [related],
        "variants": [{"options": {"Size": "M"}, "price": 1, "stock": 1}],
    }  # fmt: skip
    headers = {"Idempotency-Key": "k"}
    created = shop.api.post("/product", parent, token=shop.admin, headers=headers).json_body
    shop.show(created["productId"])
    shop.change(created["productId"], name="Coat")


def use_categories(shop):
    """Create, change and delete a category: that reads the search index."""
    recorded = set(shop.calls)
    shop.index()
    shop.calls.clear()
    shop.calls.update(recorded)
    shop.api.post("/categories", {"name": "Food"}, token=shop.admin)
    shop.api.patch("/categories/food", {"position": 1}, token=shop.admin)
    assert shop.api.delete("/categories/food", token=shop.admin).status_code == 204


def use_imports(shop):
    """Create an import and start it. The upload itself is signed for, not done."""
    importer = Importer(shop)
    import_id = importer.upload("sku,name,price\n")
    importer.start(import_id)
    importer.show(import_id)


def test_the_consumers_have_exactly_the_permissions_that_they_use(shop, service, bowl, calls):
    shop.calls = calls
    use_categories(shop)
    shop.api.post("/categories", {"name": "Shop"}, token=shop.admin)
    shop.create(stock=1, lowStockThreshold=1)
    aws.client("dynamodb").delete_item(TableName="SearchIndex", Key={"name": {"S": "products"}})
    for function, use in {
        **{
            consumer: lambda consumer=consumer, table=table: shop.api.stream(
                consumer, service_client.stream_records(table)
            )
            for table, consumer in STREAMS.items()
        },
        "refresh-search-index": lambda: shop.api.invoke("refresh-search-index", SCHEDULED_EVENT),
    }.items():
        calls.clear()
        queues.url.cache_clear()
        use()
        assert calls == used_by_code(service, function), function


def test_on_stock_low_has_exactly_the_permissions_that_it_uses(shop, service, bowl, calls):
    fall = {"eventId": "1", "productId": bowl, "availableStock": 1, "threshold": 1}
    fall["updatedAt"] = "2026-01-01T00:00:00.000Z"
    calls.clear()
    shop.api.sqs("on-stock-low", [fall])

    on_failure = {("sqs:GetQueueUrl", "stock-low-queue")}  # it deletes what did not fail
    assert calls | on_failure == used_by_code(service, "on-stock-low")


def test_the_importer_has_exactly_the_permissions_that_it_uses(shop, service, calls):
    importer, used = Importer(shop), set()
    changed = SHOPIFY.replace("20.00", "21.00").replace("Shirt,", "Vest,")
    for content in (SHOPIFY, changed.replace("wrap,Gift", "paper,Gift")):
        importer.start(importer.upload(content))
        calls.clear()
        queues.url.cache_clear()
        importer.work()
        used |= calls

    assert used == used_by_code(service, "on-import-queue") | {
        ("sqs:ReceiveMessage", "import-queue"), ("sqs:DeleteMessage", "import-queue"),
    }  # fmt: skip


def test_the_writer_has_exactly_the_permissions_that_it_uses(
    shop, service, bowl, calls, monkeypatch
):
    shop.index()
    calls.clear()
    shop.api.sqs("on-search-index-queue", [{"all": True}])
    shop.api.sqs("on-search-index-queue", [{"keys": [bowl]}])
    now = storage.time.time()
    monkeypatch.setattr(storage.time, "time", lambda: now + 120)
    shop.api.sqs("on-search-index-queue", [{"keys": [bowl], "tree": True}])

    assert calls == used_by_code(service, "on-search-index-queue")


def used_by_code(service, function):
    """What a policy allows, without what Lambda itself needs."""
    return {
        (action, resource)
        for action, resource in allowed(service, function)
        if action not in EVENT_SOURCES and not resource.endswith("-dlq")
    }


def test_the_api_has_exactly_the_permissions_that_it_uses(shop, service, bowl, calls):
    shop.calls = calls
    calls.clear()
    shop.create()
    for path in (
        "/products",
        "/products?category=general",
        f"/product/{bowl.removeprefix('PROD#')}",
    ):
        shop.get(path)
    shop.change(bowl, name="Bowl", slug="bowl")
    shop.change(bowl, slug=None)
    use_parent(shop, bowl)
    shop.set_stock(bowl, 7)
    shop.adjust(bowl, 2)
    shop.adjust(bowl, 2)
    shop.movements(bowl)
    shop.change_rules(bowl, counted=False)
    shop.change_rules(bowl, counted=True, stock=2)
    shop.archive(bowl)
    use_categories(shop)
    use_imports(shop)

    assert calls == allowed(service, "api_handler") | allowed(service, "authorizer")
