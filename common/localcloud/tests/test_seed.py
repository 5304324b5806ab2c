import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from localcloud import seed

HEADER = "sku,name,category,description,price,currency,stock\n"


@pytest.fixture
def shelf():
    """A shop that takes products: what it was sent is in `taken`, `answers` are given first, then 201."""

    class Shop(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = shop.answers.pop(0) if shop.answers else 201
            if status == 201:
                shop.taken[self.headers["Idempotency-Key"]] = body.decode()
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b'{"Code": "Said", "Message": "so"}')

        def log_message(self, *_):
            pass

    shop = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    shop.taken, shop.answers = {}, []
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    yield shop
    shop.shutdown()
    shop.server_close()


@pytest.fixture
def load(shelf, tmp_path):
    def load(text, encoding="utf-8"):
        file = tmp_path / "more.csv"
        file.write_text(text, encoding=encoding)
        said = []
        report = seed.load(f"http://127.0.0.1:{shelf.server_port}", "token", file, said.append)
        return report, said

    return load


def test_a_good_row_becomes_a_product_with_the_very_digits_of_its_price(load, shelf):
    report, said = load(HEADER + "BOWL-1,Protein Bowl,bowls,High-protein meal,12.90,USD,50\n")

    assert (report.loaded, report.problems) == (1, {})
    assert '"price": 12.90' in shelf.taken["sku-BOWL-1"]
    assert json.loads(shelf.taken["sku-BOWL-1"])["stock"] == 50
    assert said == ["1 products loaded, 0 rows not"]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("A,Bowl,bowls,x,cheap,USD,5", "price 'cheap' is not an amount of money"),
        ("A,Bowl,bowls,x,-1,USD,5", "price '-1' is not an amount of money"),
        ("A,Bowl,bowls,x,1,USD,-5", "stock '-5' is not a whole number"),
        ("A,Bowl,bowls,x,1,USD,five", "stock 'five' is not a whole number"),
        ("A,,bowls,x,1,USD,5", "name is empty"),
        ("A,Bowl,bowls,x,1,USD", "6 columns; expected 7"),
        ("A,Bowl,bowls,x,1,USD,5,6", "8 columns; expected 7"),
        ("ä b,Bowl,bowls,x,1,USD,5", "sku 'ä b' is not"),
    ],
)
def test_a_bad_row_is_reported_by_its_line_and_the_good_ones_are_loaded(load, shelf, row, complaint):
    report, said = load(f"{HEADER}GOOD,Bowl,bowls,x,1,USD,5\n{row}\nALSO,Bowl,bowls,x,1,USD,5\n")

    assert sorted(shelf.taken) == ["sku-ALSO", "sku-GOOD"]
    assert list(report.problems) == [3]
    assert complaint in report.problems[3]
    assert said[0].startswith("line 3: ")


def test_the_second_row_of_a_sku_is_not_loaded(load, shelf):
    report, _ = load(f"{HEADER}A,Bowl,bowls,x,1,USD,5\nA,Other,bowls,x,2,USD,5\n")

    assert report.problems == {3: "sku A stands in line 2 already"}


def test_what_the_shop_refuses_is_reported_in_its_words(load, shelf):
    shelf.answers += [400]
    report, _ = load(f"{HEADER}A,Bowl,bowls,x,1.999,USD,5\n")

    assert report.problems == {2: '400 {"Code": "Said", "Message": "so"}'}


def test_a_known_sku_with_other_values_is_said_to_be_one(load, shelf):
    shelf.answers += [422]
    report, _ = load(f"{HEADER}A,Bowl,bowls,x,1,USD,5\n")

    assert report.problems == {2: "sku A is loaded already, with other values"}


def test_a_shop_that_is_busy_is_asked_again(load, shelf, monkeypatch):
    monkeypatch.setattr(seed, "_PAUSE_SECONDS", 0)
    shelf.answers += [429, 503]
    report, _ = load(f"{HEADER}A,Bowl,bowls,x,1,USD,5\n")

    assert report.loaded == 1


@pytest.mark.parametrize(
    ("text", "encoding", "complaint"),
    [
        ("sku,name,price\nA,B,1\n", "utf-8", "has the columns sku,name,price; expected sku,name,category"),
        ("", "utf-8", "has the columns nothing"),
        (HEADER + 'A,"open quote\n', "utf-8", "line 2"),
        (HEADER + "A,Käse,x,x,1,USD,1\n", "latin-1", "is not UTF-8"),
    ],
)
def test_a_file_that_is_no_catalogue_loads_nothing(load, shelf, text, encoding, complaint):
    with pytest.raises(seed.CatalogueUnreadable, match=complaint):
        load(text, encoding)
    assert shelf.taken == {}


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(seed.CatalogueUnreadable, match=r"none\.csv cannot be read: No such file"):
        seed.load("http://127.0.0.1:1", "token", tmp_path / "none.csv")
