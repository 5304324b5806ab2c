"""What a stage costs in a month, in docs/performance.md."""

from tests.benchmarks import stage_cost


def test_the_page_has_the_cost_of_what_is_deployed():
    page = stage_cost.PAGE.read_text()

    assert stage_cost.with_costs(page) == page, "run: make docs"


def test_all_that_is_paid_for_by_the_month_is_counted():
    """Nothing counted twice: alarms by their metrics, snapshots by versions and memory."""
    found = stage_cost.count("prod")

    assert found["firewall"] == 1
    assert found["dashboards"] == len(stage_cost.SERVICES)
    assert found["alarms"] > found["queue polling"] > 10
    assert found["snapshots"] >= 2
