import json
import os
import zipfile

import pytest

from delivery import deploy, packaging, paths, templates, wheels
from delivery.account_limits import find_low_limits
from delivery.clouds import Cloud

APP = """
from chalice import Chalice
from common import greeting

app = Chalice(app_name="tiny-service")

@app.route("/tiny")
def tiny():
    return greeting.TEXT

@app.lambda_function(name="clear-cart")
def clear(event, context):
    pass
"""
CONFIG = {
    "version": "2.0",
    "app_name": "tiny-service",
    "api_gateway_stage": "api",
    "autogen_policy": False,
    "iam_policy_file": "policy.json",
    "stages": {"local": {"environment_variables": {"STAGE": "local"}}},
}


@pytest.fixture
def service(tmp_path):
    folder = tmp_path / "tiny-service"
    (folder / ".chalice").mkdir(parents=True)
    (folder / "app.py").write_text(APP)
    (folder / "requirements.txt").write_text("botocore==1.0\ntyping_extensions==4.16.0\n")
    (folder / ".chalice/config.json").write_text(json.dumps(CONFIG))
    (folder / ".chalice/policy.json").write_text('{"Version": "2012-10-17", "Statement": []}')
    common = tmp_path / "common/common"
    common.mkdir(parents=True)
    (common / "greeting.py").write_text("TEXT = 'hello'\n")
    (folder / "vendor").mkdir()
    (folder / "vendor/common").symlink_to(common)
    return folder


def package(service, tmp_path, **environment):
    return packaging.package(service, "local", tmp_path / "out", tmp_path / "wheels", environment)


def test_a_package_is_the_same_bytes_every_time(service, tmp_path):
    first = packaging.package(service, "local", tmp_path / "one", tmp_path / "wheels")
    second = packaging.package(service, "local", tmp_path / "two", tmp_path / "wheels")

    assert (
        first.with_name("deployment.zip").read_bytes()
        == second.with_name("deployment.zip").read_bytes()
    )
    assert first.read_text() == second.read_text()


def test_a_package_has_common_and_bytecode_without_the_runtimes_packages(service, tmp_path):
    names = zipfile.ZipFile(package(service, tmp_path).with_name("deployment.zip")).namelist()

    assert "common/greeting.py" in names
    assert any(name.startswith("__pycache__/app.") for name in names)
    assert "typing_extensions.pyc" in names
    assert "typing_extensions.py" not in names
    assert not any(name.startswith("botocore") for name in names)


def test_lambdas_are_named_after_service_stage_and_purpose(service, tmp_path):
    resources = json.loads(package(service, tmp_path, STRIPE_API_BASE="http://here").read_text())[
        "Resources"
    ]

    assert resources["APIHandler"]["Properties"]["FunctionName"] == "tiny-service-local"
    assert resources["ClearCart"]["Properties"]["FunctionName"] == "tiny-service-local-clear-cart"
    variables = resources["ClearCart"]["Properties"]["Environment"]["Variables"]
    assert variables == {"STAGE": "local", "STRIPE_API_BASE": "http://here"}


def test_an_unchanged_service_is_not_packaged_again(service, tmp_path):
    made = package(service, tmp_path)
    os.utime(made, (1, 1))

    package(service, tmp_path)

    assert made.stat().st_mtime == 1


@pytest.mark.parametrize("changed", ["app.py", "vendor/common/greeting.py", ".chalice/policy.json"])
def test_a_changed_file_is_packaged(service, tmp_path, changed):
    made = package(service, tmp_path)
    os.utime(made, (1, 1))
    (service / changed).write_text((service / changed).read_text() + "\n")

    package(service, tmp_path)

    assert made.stat().st_mtime != 1


def test_packaging_writes_nothing_into_the_services_folder(service, tmp_path):
    before = sorted(service.rglob("*"))

    package(service, tmp_path)

    assert sorted(service.rglob("*")) == before


def test_a_package_that_cannot_be_found_is_told(service, tmp_path):
    (service / "requirements.txt").write_text("msgspec==99.99\n")

    with pytest.raises(wheels.WheelMissing, match=r"msgspec==99\.99"):
        package(service, tmp_path)


def test_a_package_that_is_not_pinned_is_told(service, tmp_path):
    (service / "requirements.txt").write_text("msgspec>=0.2\n")

    with pytest.raises(wheels.WheelMissing, match=r"expected name==version, not msgspec>=0\.2"):
        package(service, tmp_path)


def test_an_app_that_cannot_be_imported_is_told(service, tmp_path):
    (service / "app.py").write_text("import no_such_module\n")

    with pytest.raises(packaging.PackagingFailed, match="no_such_module"):
        package(service, tmp_path)


def test_what_the_runtime_has_is_left_out_in_any_spelling(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text(
        "# pinned\nboto3==1.0\nPython_DateUtil==2.9.0  # dates\nTyping_Extensions==4.0\n"
    )

    assert wheels.pins(file) == ["typing-extensions==4.0"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_refusals_of_api_gateway_have_the_shops_shape(status):
    responses = [
        each for each in templates.gateway_responses().values() if each.get("statusCode") == status
    ]

    bodies = [
        json.loads(response["responseTemplates"]["application/json"]) for response in responses
    ]
    assert bodies
    assert all(set(body) == {"Code", "Message"} for body in bodies)


def test_only_the_pipelines_python_deploys_to_aws():
    """Chalice packages for the Python that it runs on."""
    workflow = (paths.ROOT / ".github/workflows/service.yml").read_text()
    expected = ".".join(map(str, packaging.RUNTIME))

    assert f'PYTHON_VERSION: "{expected}"' in workflow
    packaging.require_runtime("dev", packaging.RUNTIME)
    with pytest.raises(packaging.WrongPython, match=rf"on dev run Python {expected}, .* is 3\.11"):
        packaging.require_runtime("dev", (3, 11))


def test_a_deployment_to_aws_asks_for_the_right_python_first(monkeypatch, tmp_path):
    monkeypatch.setattr(packaging, "RUNTIME", (3, 99))

    with pytest.raises(packaging.WrongPython):
        deploy.deploy(Cloud(), ["cart-service"], "dev", tmp_path, print)


@pytest.mark.parametrize(("limit", "warned"), [(10, True), (999, True), (1000, False)])
def test_an_account_with_few_lambdas_at_once_is_warned_of(limit, warned):
    class Account(Cloud):
        def client(self, service, read_seconds=120):
            return self

        def get_account_settings(self):
            return {"AccountLimit": {"ConcurrentExecutions": limit}}

    assert [f"at most {limit} Lambdas" in each for each in find_low_limits(Account())] == (
        [True] if warned else []
    )
