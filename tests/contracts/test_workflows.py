"""A service's workflow: what starts it, what it runs, and with which rights."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from delivery import packaging, smoke, workflows
from delivery.paths import ROOT, SERVICES
from devcloud import pipeline

WORKFLOW = yaml.load((workflows.FOLDER / "service.yml").read_text(), yaml.BaseLoader)
CHANGED = "cart-service"


def commands(job: str) -> list[str]:
    """The commands of a job for `{service}`."""
    steps = WORKFLOW["jobs"][job]["steps"]
    return [
        step["run"].replace("${{ inputs.service }}", "{service}") for step in steps if "run" in step
    ]


def test_the_workflow_runs_the_commands_that_run_here():
    assert commands("check") == [command.replace("{stage}", "dev") for command in pipeline.CHECKS]
    for stage in pipeline.STAGES:
        assert commands(stage) == [pipeline.RELEASE.replace("{stage}", stage)]


def test_prod_comes_after_dev_and_dev_after_the_checks():
    jobs = WORKFLOW["jobs"]

    assert (jobs["dev"]["needs"], jobs["prod"]["needs"]) == ("check", "dev")
    assert "github.ref == 'refs/heads/main'" in jobs["dev"]["if"]
    for stage in pipeline.STAGES:
        assert jobs[stage]["environment"] == stage
        assert jobs[stage]["concurrency"] == {
            "group": "${{ inputs.service }}-" + stage,
            "cancel-in-progress": "false",
        }


def test_only_deploying_jobs_get_credentials_and_none_is_stored():
    jobs = WORKFLOW["jobs"]

    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert {name for name, job in jobs.items() if "id-token" in job.get("permissions", {})} == {
        "dev",
        "prod",
    }
    for text in (path.read_text() for path in workflows.FOLDER.glob("*.yml")):
        assert "secrets." not in text
        assert "secrets: inherit" not in text


@pytest.mark.parametrize("path", sorted(workflows.FOLDER.glob("*.yml")), ids=lambda path: path.stem)
def test_an_action_is_pinned_to_a_commit_with_its_version(path):
    used = re.findall(r"uses: (?!\./)(.*)", path.read_text())

    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("stage", pipeline.STAGES)
def test_a_job_assumes_the_role_of_its_service_and_stage(stage):
    (step,) = [
        each
        for each in WORKFLOW["jobs"][stage]["steps"]
        if "role-to-assume" in each.get("with", {})
    ]

    assert step["with"]["role-to-assume"].endswith("/deploy-${{ inputs.service }}-" + stage)


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_workflow_is_made_from_the_template(service):
    assert workflows.file_of(service).read_text() == workflows.caller(service), (
        "run: make workflows"
    )


def trigger_paths(service: str) -> list[str]:
    paths = yaml.safe_load(workflows.file_of(service).read_text())[True]["push"]["paths"]
    return [path.replace("**", "*") for path in paths]


def starts(service: str, path: Path) -> bool:
    return any(
        fnmatchcase(str(path.relative_to(ROOT)), pattern) for pattern in trigger_paths(service)
    )


@pytest.mark.parametrize("service", SERVICES)
def test_every_source_of_a_services_zip_starts_its_workflow(service):
    read = packaging.sources(ROOT / service)

    assert ROOT / "common/common/api.py" in read
    assert [path for path in read if not starts(service, path)] == []


def test_a_change_of_a_service_starts_only_its_own_workflow():
    changed = ROOT / CHANGED / "app.py"

    assert [service for service in SERVICES if starts(service, changed)] == [CHANGED]
    assert [service for service in SERVICES if changed in packaging.sources(ROOT / service)] == [
        CHANGED
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_the_smoke_test_calls_what_the_service_has(service):
    smoke_test = yaml.safe_load(smoke.file_of(service).read_text())
    document = json.loads((ROOT / f"docs/openapi/{service}.json").read_text())
    source = (ROOT / service / "app.py").read_text()
    functions = set(re.findall(r'(?:name=|api\.function\(\s*)"([\w-]+)"', source))

    for case in smoke_test["requests"]:
        path = case["request"].split(" ")[1].split("?")[0]
        patterns = [re.sub(r"{\w+}", "[^/]+", route) for route in document["paths"]]
        assert any(re.fullmatch(pattern, path) for pattern in patterns), path
    assert {case["function"] for case in smoke_test["lambdas"]} <= functions
    assert smoke_test["requests"]
