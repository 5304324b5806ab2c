"""One domain before the APIs of all services: every route has its rule."""

import json
import re
from typing import Any

import pytest
import yaml

from delivery import domain
from delivery.paths import ROOT, SERVICES

TEMPLATE = yaml.safe_load(domain.FILE.read_text())
MAX_RULES = 50  # https://docs.aws.amazon.com/general/latest/gr/apigateway.html


def rules() -> list[dict[str, Any]]:
    return [
        resource["Properties"]
        for resource in TEMPLATE["Resources"].values()
        if resource["Type"] == "AWS::ApiGatewayV2::RoutingRule"
    ]


def routed(path: str) -> list[str]:
    """The exports of the APIs to which the rules route a path, by its first segment."""
    return [
        rule["Actions"][0]["InvokeApi"]["ApiId"]["Fn::ImportValue"]
        for rule in rules()
        if path.split("/")[1] in rule["Conditions"][0]["MatchBasePaths"]["AnyOf"]
    ]


def test_the_domain_is_up_to_date():
    assert domain.FILE.read_text() == domain.text(), "run: make workflows"


@pytest.mark.parametrize("service", SERVICES)
def test_the_domain_routes_every_path_to_its_service(service):
    """Also the paths that app.py declares and that are not published yet."""
    published = json.loads((ROOT / f"docs/openapi/{service}.json").read_text())["paths"]
    source = (ROOT / service / "app.py").read_text()
    declared = re.findall(r'@api\.(?:get|post|put|patch|delete)\(\s*"([^"]+)"', source)

    assert declared
    for path in {*published, *declared}:
        assert routed(path) == [f"{service}-RestAPIId"], path


def test_a_route_keeps_its_path_behind_the_domain():
    """The routes begin with their segment: cut off, /user/login would be /login."""
    assert TEMPLATE["Resources"]["Domain"]["Properties"]["RoutingMode"] == "ROUTING_RULE_ONLY"
    assert all(not rule["Actions"][0]["InvokeApi"]["StripBasePath"] for rule in rules())


def test_no_two_rules_have_the_same_priority():
    priorities = [rule["Priority"] for rule in rules()]

    assert len(set(priorities)) == len(priorities) <= MAX_RULES
    assert all(1 <= priority <= 1_000_000 for priority in priorities)


def test_no_two_services_share_a_first_segment():
    with pytest.raises(domain.SegmentTaken, match="/cart is a path of one and of two"):
        domain.assign({"one": ["/cart", "/cart/{id}"], "two": ["/cart/items"]})
