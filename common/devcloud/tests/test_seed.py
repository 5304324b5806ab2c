import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from devcloud import catalogue_loading, cli, seed
from devcloud.shop import CATALOGUE

HEADER = "sku,name,category,description,price,currency,stock\n"
ROWS = len(CATALOGUE.read_text().splitlines()) - 1


@pytest.fixture
def shelf():
    """A shop that keeps posted products in `taken`, and responds `answers`, then 201."""

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.path.startswith("/products")
            sku = self.path.partition("sku=")[2]
            known = list(shop.taken) if not sku else [shop.view(sku)] if sku in shop.taken else []
            self.say(200, json.dumps(known).encode())

        def do_PATCH(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == f"/product/PROD%23{body['sku']}"
            shop.taken[body["sku"]] = json.dumps(body)
            self.say(200, json.dumps(shop.view(body["sku"])).encode())

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, sku = shop.answers.pop(0) if shop.answers else 201, json.loads(body)["sku"]
            if status == 201 and sku in (*shop.taken, *shop.archived):
                return self.say(409, b'{"Code": "SkuTaken", "Message": "so"}')
            if status == 201:
                shop.taken[sku] = body.decode()
            return self.say(status, json.dumps(shop.rejection).encode())

        def say(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    shop = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    shop.taken, shop.answers, shop.archived = {}, [], set()
    shop.rejection = {"Code": "Said", "Message": "so"}
    shop.view = lambda sku: {
        name: value
        for name, value in {**json.loads(shop.taken[sku]), "productId": f"PROD#{sku}"}.items()
        if name != "stock"
    }
    threading.Thread(target=shop.serve_forever, args=(0.01,), daemon=True).start()
    yield shop
    shop.shutdown()
    shop.server_close()


@pytest.fixture
def load(shelf, tmp_path):
    def load(text, encoding="utf-8"):
        file = tmp_path / "more.csv"
        file.write_text(text, encoding=encoding)
        messages = []
        report = seed.load(
            f"http://127.0.0.1:{shelf.server_port}", lambda: "token", file, messages.append
        )
        return report, messages

    return load


def test_a_good_row_becomes_a_product_with_the_very_digits_of_its_price(load, shelf):
    report, messages = load(HEADER + "BOWL-1,Protein Bowl,bowls,High-protein meal,12.90,USD,50\n")

    assert (report.outcomes, report.problems) == ({"created": 1}, {})
    assert '"price": 12.90' in shelf.taken["BOWL-1"]
    assert json.loads(shelf.taken["BOWL-1"])["stock"] == 50
    assert messages == ["1 created, 0 updated, 0 unchanged; 0 rows not loaded"]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("A,Bowl,bowls,x,cheap,USD,5", "column price: 'cheap'; expected an amount of money"),
        ("A,Bowl,bowls,x,-1,USD,5", "column price: '-1'; expected an amount of money"),
        ("A,Bowl,bowls,x,1e2,USD,5", "column price: '1e2'; expected an amount of money"),
        ("A,Bowl,bowls,x,1.999,USD,5", "1.999 has more decimals than USD has: at most 2"),
        ("A,Bowl,bowls,x,1.5,JPY,5", "1.5 has more decimals than JPY has: at most 0"),
        ("A,Bowl,bowls,x,1,ZZZ,5", "currency: 'ZZZ' is not one of"),
        ("A,Bowl,bowls,x,1,USD,-5", "column stock: '-5'; expected a whole number from 0"),
        ("A,Bowl,bowls,x,1,USD,five", "column stock: 'five'; expected a whole number from 0"),
        ("A,,bowls,x,1,USD,5", "column name: is empty; expected a value"),
        ("A,Bowl,bowls,x,1,USD", "6 columns; expected 7"),
        ("A,Bowl,bowls,x,1,USD,5,6", "8 columns; expected 7"),
        ("ä b,Bowl,bowls,x,1,USD,5", "column sku: 'ä b'; expected 1 to 100 letters"),
    ],
)
def test_a_bad_row_is_reported_by_its_line_and_the_good_ones_are_loaded(
    load, shelf, row, complaint
):
    report, messages = load(
        f"{HEADER}GOOD,Bowl,bowls,x,1,USD,5\n{row}\nALSO,Bowl,bowls,x,1,USD,5\n"
    )

    assert sorted(shelf.taken) == ["ALSO", "GOOD"]
    assert list(report.problems) == [3]
    assert complaint in report.problems[3]
    assert messages[0].startswith(("line 3: ", "line 3, column "))


def test_the_second_row_of_a_sku_is_not_loaded(load, shelf):
    report, _ = load(f"{HEADER}A,Bowl,bowls,x,1,USD,5\nA,Other,bowls,x,2,USD,5\n")

    assert report.problems == {3: "column sku: A is in line 2 already; expected each sku once"}


def test_what_the_shop_refuses_is_reported_in_its_words(load, shelf):
    shelf.answers += [400]
    report, _ = load(f"{HEADER}A,Bowl,bowls,x,1.99,USD,5\n")

    assert report.problems == {2: '400 {"Code": "Said", "Message": "so"}'}


def test_what_the_shop_refuses_of_a_column_is_reported_by_the_column(load, shelf):
    shelf.answers += [400]
    message = "name: character 3 is U+0007; expected text"
    shelf.rejection = {"Code": "InvalidBody", "Message": message}
    _, messages = load(f"{HEADER}A,Bowl,bowls,x,1.99,USD,5\n")

    assert messages[0] == "line 2, column name: character 3 is U+0007; expected text"


def test_a_known_product_is_updated_by_its_sku_but_its_stock_is_left(load, shelf):
    load(f"{HEADER}A,Bowl,bowls,x,1,USD,5\nB,Bowl,bowls,x,1,USD,5\n")

    report, messages = load(f"{HEADER}A,Bowl,bowls,x,2,USD,9\nB,Bowl,bowls,x,1,USD,5\n")

    assert report.outcomes == {"updated": 1, "unchanged": 1}
    assert json.loads(shelf.taken["A"])["price"] == 2
    assert messages == [
        "0 created, 1 updated, 1 unchanged; 0 rows not loaded",
        "the stock of 2 known products was left as it is",
    ]


def test_a_product_that_was_archived_is_not_reported_as_loaded(load, shelf):
    shelf.archived.add("A")

    report, messages = load(f"{HEADER}A,Bowl,bowls,x,1,USD,5\n")

    assert not report.outcomes
    assert messages[0] == "line 2, column sku: A is of an archived product; expected another"


def test_the_currency_of_a_known_product_stays(load, shelf):
    load(f"{HEADER}A,Bowl,bowls,x,1,USD,5\n")

    report, _ = load(f"{HEADER}A,Bowl,bowls,x,1,EUR,5\n")

    assert report.problems == {2: "column currency: EUR; expected USD as before"}


def test_spaces_and_marks_that_nobody_sees_do_not_matter(load, shelf):
    load(f"{HEADER}\u00a0A\ufeff,Protein\u00a0Bowl,bowls,x,\u00a01.50\u3000,USD,5\n")

    assert json.loads(shelf.taken["A"])["name"] == "Protein Bowl"


def test_a_shop_that_is_busy_is_asked_again(load, shelf, monkeypatch):
    monkeypatch.setattr(seed, "_PAUSE_SECONDS", 0)
    shelf.answers += [429, 503]
    report, _ = load(f"{HEADER}A,Bowl,bowls,x,1,USD,5\n")

    assert report.outcomes == {"created": 1}


@pytest.mark.parametrize(
    ("text", "encoding", "complaint"),
    [
        (HEADER.replace(",price", ""), "utf-8", "lacks price; expected sku,name,category"),
        (HEADER.replace(",price", ",price,colour"), "utf-8", "has 'colour' too much; expected sku"),
        ("", "utf-8", "lacks sku, lacks name"),
        (HEADER + 'A,"open quote\n', "utf-8", "line 2: .* texts in closed quotes"),
        (HEADER + "A,Käse,x,x,1,USD,1\n", "latin-1", "line 2 is not UTF-8: byte 0xe4"),
    ],
)
def test_a_file_that_is_no_catalogue_loads_nothing(load, shelf, text, encoding, complaint):
    with pytest.raises(seed.CatalogueUnreadable, match=complaint):
        load(text, encoding)
    assert shelf.taken == {}


def test_columns_may_come_in_any_order(load, shelf):
    report, _ = load(
        "stock,sku,price,currency,name,category,description\n5,A,1.50,USD,Bowl,bowls,x\n"
    )

    assert json.loads(shelf.taken["A"])["price"] == 1.5
    assert report.outcomes == {"created": 1}


def test_a_row_of_several_lines_is_reported_by_its_first(load):
    report, _ = load(
        f'{HEADER}A,Bowl,bowls,"two\nlines",1,USD,5\nB,Bowl,bowls,"two\nlines",x,USD,5\n'
    )

    assert list(report.problems) == [4]


def test_who_is_no_admin_is_told_once(load, shelf):
    shelf.answers += [403] * 9
    with pytest.raises(seed.CatalogueUnreadable, match="only an admin"):
        load(HEADER + "".join(f"A{number},Bowl,bowls,x,1,USD,5\n" for number in range(9)))


def test_a_shop_that_is_away_is_said_to_be(tmp_path, monkeypatch):
    monkeypatch.setattr(seed, "_PAUSE_SECONDS", 0)
    file = tmp_path / "more.csv"
    file.write_text(HEADER + "A,Bowl,bowls,x,1,USD,5\n")
    with pytest.raises(seed.CatalogueUnreadable, match="does not answer"):
        seed.load("http://127.0.0.1:1", lambda: "token", file)


def test_the_command_needs_a_shop(tmp_path, capsys):
    file = tmp_path / "more.csv"
    file.write_text(HEADER)

    assert cli.main(["seed", str(file), "--dir", str(tmp_path / "none")]) == 1
    assert "make up" in capsys.readouterr().err


def test_the_sample_catalogue_has_no_bad_row(shelf):
    report = seed.load(f"http://127.0.0.1:{shelf.server_port}", lambda: "token", CATALOGUE)

    assert report.problems == {}
    bodies = [json.loads(body) for body in shelf.taken.values()]
    (bowl,) = (body for body in bodies if body["name"] == "Protein Bowl")
    assert (bowl["price"], bowl["stock"], bowl["description"]) == (12.99, 50, "High-protein meal")
    assert len({body["name"] for body in bodies}) == len(bodies)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(seed.CatalogueUnreadable, match=r"none\.csv cannot be read: No such file"):
        seed.load("http://127.0.0.1:1", lambda: "token", tmp_path / "none.csv")


@pytest.fixture
def open_shop(cloud, shelf):
    """Open the shop with the sample catalogue, reporting to `say`."""
    url = f"http://127.0.0.1:{shelf.server_port}"
    yield lambda say: catalogue_loading.load_once(cloud, url, lambda: "token", CATALOGUE, say)
    cloud.client("ssm").delete_parameters(Names=["/devcloud/catalogue"])


def test_an_interrupted_load_of_the_catalogue_is_resumed_by_the_next_start(open_shop, shelf):
    def interrupt(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_shop(interrupt)
    assert 0 < len(shelf.taken) < ROWS
    messages = []

    open_shop(messages.append)

    assert len(shelf.taken) == ROWS
    assert messages[0] == "loading the catalogue was interrupted and goes on"


def test_a_loaded_catalogue_is_not_reloaded_after_products_were_removed(open_shop, shelf):
    open_shop(lambda line: None)
    shelf.taken.clear()

    open_shop(lambda line: None)

    assert shelf.taken == {}


def test_a_shop_with_products_of_an_earlier_version_keeps_just_those(open_shop, shelf):
    shelf.taken["BOWL-1"] = "{}"

    open_shop(lambda line: None)

    assert list(shelf.taken) == ["BOWL-1"]
