"""The measures of the shop: well-formed, few, and about nobody."""

import io
import json

import pytest

from common import log, metrics
from delivery.paths import ROOT
from docgen import metric_page
from testkit import emf

PERSONAL = {"order_id", "customer_id", "correlation_id", "orderId", "userId", "email"}


@pytest.fixture
def lines():
    """All that is logged, as text."""
    written, handler = io.StringIO(), log.logger.registered_handler
    earlier = handler.setStream(written)
    yield lambda: written.getvalue()
    handler.setStream(earlier)


@pytest.mark.parametrize("metric", metrics.REGISTRY.values(), ids=metrics.REGISTRY)
def test_a_measured_line_is_one_that_cloudwatch_takes(lines, metric):
    log.emit_metric("something happened", {metric: 3}, **({metric.by: "SUCH"} if metric.by else {}))

    taken = emf.read(lines())
    assert {(one.name, one.value) for one in taken} == {(metric.name, 3)}
    assert [[name for name, _ in one.dimensions] for one in taken] == metric.dimensions


@pytest.mark.parametrize("metric", metrics.REGISTRY.values(), ids=metrics.REGISTRY)
def test_no_metric_is_kept_by_who_or_by_which_order(metric):
    assert not PERSONAL & {name for names in metric.dimensions for name in names}


def test_the_line_says_besides_what_any_line_says(lines):
    log.correlate("COR1")
    log.bind_context(
        {"orderId": "ORDER#01JD2X8Z4Q7V3N5M6P8R9S0T1W", "userId": "USER#01JD2X8Z4Q7V3N5M6P8R9S0T1W"}
    )
    log.emit_metric("order ended", {metrics.REVENUE: 1299}, currency="USD")
    log.correlate(None)

    line = json.loads(lines())
    assert (line["message"], line["correlation_id"]) == ("order ended", "COR1")
    assert line["order_id"] == "ORDER#01JD2X8Z4Q7V3N5M6P8R9S0T1W"
    assert line["customer_id"] == "USER#*8R9S0T1W"


@pytest.mark.parametrize(
    ("constant", "metric"),
    [
        (name, metric)
        for name, metric in vars(metrics).items()
        if isinstance(metric, metrics.Metric)
    ],
)
def test_what_is_in_the_registry_is_measured_by_whom_it_says(constant, metric):
    folder = ROOT / metric.service / "chalicelib" if metric.service else ROOT / "common/common"
    code = "".join(path.read_text() for path in folder.rglob("*.py"))

    assert f"metrics.{constant}" in code
    assert metrics.REGISTRY[metric.name] is metric


def test_the_page_of_metrics_is_up_to_date():
    assert metric_page.PAGE.read_text() == metric_page.page()
