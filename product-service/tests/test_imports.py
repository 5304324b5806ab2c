"""Staff import a catalogue from a file, in parts, and read what became of it."""

import base64
import json

import faults
import pytest
from actors import receive_all
from import_files import OWN, SHOPIFY, WOOCOMMERCE
from importer import Importer

from chalicelib.imports import service

CHANGED = OWN.replace("1.299,50", "1.199,00").replace("Bowl; deep", "Bowl")


@pytest.fixture
def importer(shop):
    return Importer(shop)


def counts(shown):
    return {name: shown[name] for name in ("created", "updated", "unchanged", "refused")}


def only(shop, sku):
    (product,) = shop.get(f"/products?sku={sku}").json_body
    return shop.show(product["productId"]).json_body


def test_our_own_columns_are_loaded_as_a_spreadsheet_writes_them(shop, importer):
    shown = importer.load(OWN)

    assert (shown["status"], shown["format"]) == ("DONE", "OWN")
    assert counts(shown) == {"created": 2, "updated": 0, "unchanged": 0, "refused": 0}
    bowl = only(shop, "0012%2FA")
    assert (bowl["name"], bowl["price"], bowl["currency"]) == ("Bowl; deep", 1299.5, "EUR")
    assert bowl["description"] == "Holds soup\nand salad"
    assert (bowl["category"], bowl["availableStock"]) == ("kitchen", 5)
    assert bowl["attributes"][0]["value"] == "Oak"
    tea = only(shop, "%3DT-1")
    assert (tea["category"], tea["currency"], tea["availableStock"]) == ("general", "USD", 7)


def test_an_export_of_shopify_is_loaded_as_it_is(shop, importer):
    shown = importer.load(SHOPIFY)

    assert (shown["format"], shown["created"], shown["refused"]) == ("SHOPIFY", 2, 0)
    medium = only(shop, "SH-M")
    shirt = shop.show(medium["parentId"]).json_body
    assert (shirt["slug"], shirt["category"], shirt["price"]) == ("shirt", "clothing", 18.5)
    assert shirt["description"] == "Soft & warm\n\n- Cotton\n\n- Blue"
    assert [one["availableStock"] for one in shirt["variants"]] == [3, 0]
    assert shirt["variants"][0]["compareAtPrice"] == 25
    assert only(shop, "0042")["counted"] is False


def test_an_export_of_woocommerce_is_loaded_as_it_is(shop, importer):
    shown = importer.load(WOOCOMMERCE)

    assert (shown["format"], shown["created"], shown["refused"]) == ("WOOCOMMERCE", 2, 0)
    red = only(shop, "HOOD-R")
    assert (red["price"], red["compareAtPrice"]) == (39, 45)
    hoodie = shop.show(red["parentId"]).json_body
    assert (hoodie["category"], hoodie["categories"]) == ("hoodies", ["sale"])
    assert [one["availableStock"] for one in hoodie["variants"]] == [4, 0]
    assert only(shop, "CALL")["counted"] is False


@pytest.mark.parametrize("content", [OWN, SHOPIFY, WOOCOMMERCE])
def test_a_repeated_import_changes_nothing(shop, importer, content):
    first = importer.load(content)
    rows, acts = shop.rows("Products"), len(shop.rows("ProductStaffActs"))
    again = importer.load(content)

    assert counts(again) == {
        "created": 0, "updated": 0, "unchanged": first["created"], "refused": 0,
    }  # fmt: skip
    assert shop.rows("Products") == rows
    assert importer.report(again) == []
    assert len(shop.rows("ProductStaffActs")) - acts == 2  # that it was created, and started


def test_a_change_is_reported_from_what_to_what(shop, importer):
    importer.load(OWN)
    shop.adjust(only(shop, "0012%2FA")["productId"], -2)
    shown = importer.load(CHANGED)

    assert counts(shown) == {"created": 0, "updated": 1, "unchanged": 1, "refused": 0}
    changes = [(one["column"], one["before"], one["after"]) for one in importer.report(shown)]
    assert sorted(changes) == [("name", "Bowl; deep", "Bowl"), ("price", "1299.50", "1199.00")]
    assert only(shop, "0012%2FA")["availableStock"] == 3  # known stock stays


def test_a_dry_run_reports_and_changes_nothing(shop, importer):
    importer.load(OWN)
    rows = shop.rows("Products")
    shown = importer.load(CHANGED + "B-1;Bag;;;9;;1;\r\n", dryRun=True)

    assert counts(shown) == {"created": 1, "updated": 1, "unchanged": 1, "refused": 0}
    assert len(importer.report(shown)) == 3
    assert shop.rows("Products") == rows


def test_bad_rows_are_named_and_good_ones_loaded(shop, importer):
    shown = importer.load(
        "sku,name,price,stock\n"
        "A,Apple,1.20,3\n"
        "B,Bread,free,3\n"
        "C,Corn,1.2345,3\n"
        "D,,1,\n"
        "A,Again,1,1\n"
        "E,Egg,1,2,3\n"
        "F,Fig,1,2000000\n"
    )

    assert counts(shown) == {"created": 1, "updated": 0, "unchanged": 0, "refused": 6}
    problems = [(one["line"], one["column"]) for one in importer.report(shown) if one["message"]]
    assert problems == [
        ("3", "price"), ("4", "price"), ("5", "name"), ("6", "sku"), ("7", ""), ("8", "stock"),
    ]  # fmt: skip


def test_a_file_that_is_no_catalogue_is_named_as_a_whole(importer):
    for content, message in (
        ("colour,size\nred,M\n", "the columns are not known"),
        ("sku,name,price\na,\xff", "line 2 is not UTF-8"),
        ('sku,name,price\nA,"Apple,1\n', "line 2: "),
        (" \n", "the file is empty"),
    ):
        data = content.encode("latin-1")
        shown = importer.load(data)
        assert shown["status"] == "FAILED"
        assert shown["message"].startswith(message)


def test_an_import_without_its_file_does_not_start(shop, importer):
    created = shop.api.post("/products/imports", {}, token=shop.admin).json_body

    refused = importer.start(created["importId"])

    assert (refused.status_code, refused.json_body["Code"]) == (409, "FileMissing")
    assert importer.start("IMPORT#01UNKNOWN").json_body["Code"] == "ImportNotFound"


def test_the_form_takes_no_file_that_is_too_large(shop):
    created = shop.api.post("/products/imports", {}, token=shop.admin).json_body
    policy = json.loads(base64.b64decode(created["upload"]["fields"]["policy"]))

    assert ["content-length-range", 1, 50_000_000] in policy["conditions"]


def test_a_part_that_comes_twice_counts_once(shop, importer):
    import_id = importer.upload(OWN)
    importer.start(import_id)
    importer.start(import_id)
    messages = receive_all("import-queue")
    for message in messages:
        shop.api.sqs("on-import-queue", [message])
    part = {"importId": import_id, "part": 0}
    shop.api.sqs("on-import-queue", [part])
    shop.api.sqs("on-import-queue", [part])

    assert counts(importer.show(import_id)) == {
        "created": 2, "updated": 0, "unchanged": 0, "refused": 0,
    }  # fmt: skip


def test_an_import_that_died_goes_on_where_it_was(shop, importer, crash_after_write):
    import_id = importer.upload(OWN)
    importer.start(import_id)
    (message,) = receive_all("import-queue")
    shop.api.sqs("on-import-queue", [message])
    crash_after_write()
    with pytest.raises(faults.Crash):
        shop.api.sqs("on-import-queue", [{"importId": import_id, "part": 0}])

    importer.start(import_id)
    importer.work()

    shown = importer.show(import_id)
    assert (shown["status"], shown["created"]) == ("DONE", 2)
    assert len([row for row in shop.rows("Products") if "name" in row]) == 2


def test_more_rows_than_a_part_holds_are_all_loaded(shop, importer, monkeypatch):
    monkeypatch.setattr(service, "_PART_SIZE", 3)
    lines = [f"S-{number},Spoon {number},1,1" for number in range(10)]
    shown = importer.load("\n".join(["sku,name,price,stock", *lines]))

    assert (shown["status"], shown["total"], shown["created"]) == ("DONE", 10, 10)


def test_formulas_in_a_report_are_harmless(importer):
    importer.load("sku,name,price\nX,x,1\n")
    shown = importer.load("sku,name,price\nX,=HYPERLINK(1),1\n")

    assert importer.report(shown)[0]["after"] == "'=HYPERLINK(1)"


def test_what_an_import_changes_is_an_act_of_its_staff(shop, importer):
    importer.load("sku,name,price\nX,x,1\n")

    acts = [one for one in shop.rows("ProductStaffActs") if one["action"] == "importProducts"]
    assert len(acts) == 1
    assert acts[0]["userId"].startswith("USER#")
