import pytest

from devcloud import cli, reconcile

# Answers as the Lambda does that has no time for more than one order.
LAMBDA = """
ORDERS = ["ORDER#1", "ORDER#2", "ORDER#3"]

def handle(event, context):
    if event["day"] == "2999-01-01":
        raise ValueError("2999-01-01 has not begun yet")
    order_id = ORDERS[ORDERS.index(event["next"]) + 1] if event["next"] else ORDERS[0]
    discrepancy = {"kind": "OrderStuck", "orderId": order_id}
    discrepancy |= {"outcome": "reported", "detail": "since yesterday"}
    more = None if order_id == ORDERS[-1] else order_id
    wrong = [discrepancy] if order_id == event.get("wrong") else []
    return {"day": event["day"], "orders": 1, "discrepancies": wrong, "checked": {}, "next": more}
"""


def test_everything_is_checked_and_each_discrepancy_is_one_line(cloud, function):
    function("checkout-orchestrator-local-reconcile", LAMBDA)

    well = reconcile.run(cloud, day="2026-11-22")
    wrong = reconcile.run(cloud, day="2026-11-22", wrong="ORDER#3")

    assert (str(well), list(well.lines())) == ("3 orders, 0 discrepancies", [])
    assert str(wrong) == "3 orders, 1 discrepancy"
    (line,) = wrong.lines()
    assert line.split(maxsplit=3) == ["OrderStuck", "ORDER#3", "reported", "since yesterday"]
    with pytest.raises(reconcile.BooksNotRead, match="2999-01-01 has not begun yet"):
        reconcile.run(cloud, day="2999-01-01")


@pytest.mark.parametrize(
    ("option", "value"), [("--day", "yesterday"), ("--day", "20261122"), ("--settle", "-1")]
)
def test_a_wrong_option_is_told_in_a_sentence(capsys, tmp_path, option, value):
    assert cli.main(["reconcile", option, value, "--dir", str(tmp_path)]) == 2
    assert f"Invalid value for '{option}'" in capsys.readouterr().err


def test_the_books_of_a_shop_that_does_not_run_are_not_checked(capsys, tmp_path):
    assert cli.main(["reconcile", "--dir", str(tmp_path)]) == 1
    assert "No shop is running" in capsys.readouterr().err
