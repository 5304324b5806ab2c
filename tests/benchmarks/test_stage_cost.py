"""What a stage costs in a month, in docs/performance.md."""

from tests.benchmarks import stage_cost


def test_the_page_has_the_cost_of_what_is_deployed():
    page = stage_cost.PAGE.read_text()

    assert stage_cost.with_costs(page) == page, "run: make docs"


def test_all_that_is_paid_for_by_the_month_is_counted():
    """Alarms by their metrics, snapshots by versions and memory."""
    numbers = stage_cost.count("prod")

    assert numbers["firewall"] == 1
    assert numbers["dashboards"] == len(stage_cost.SERVICES)
    assert numbers["alarms"] > numbers["queue polling"] > 10
    assert numbers["snapshots"] >= 2
