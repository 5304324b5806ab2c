import io
import json
import platform
import zipfile
from importlib.metadata import distribution

from devcloud.tests.support.local_aws import ROLE

OTHER_PROCESSOR = {"x86_64": 183, "aarch64": 62, "arm64": 62}[platform.machine()]
DECODES = "import msgspec\n\ndef handle(event, context):\n    return msgspec.json.decode(event)\n"


def foreign_zip(version=None):
    """A Lambda with msgspec whose compiled module is for another processor."""
    installed = distribution("msgspec")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("main.py", DECODES)
        for path in installed.files:
            data = path.locate().read_bytes()
            if path.suffix == ".so":
                data = data[:18] + bytes([OTHER_PROCESSOR]) + b"\0" * 100
            archive.writestr(
                str(path).replace(installed.version, version or installed.version), data
            )
    return file.getvalue()


def make(cloud, name, code):
    cloud.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=ROLE,
        Handler="main.handle",
        Code={"ZipFile": code},
        Architectures=["arm64"],
        Timeout=10,
    )


def test_a_lambda_built_for_another_processor_runs_here(cloud, invoke):
    make(cloud, "foreign", foreign_zip())

    assert invoke("foreign", json.dumps([1, 2])) == [1, 2]


def test_a_build_of_another_version_is_refused_and_named(cloud, invoke):
    make(cloud, "foreign-and-old", foreign_zip(version="0.0.1"))

    answer = invoke("foreign-and-old", "[]")

    assert "msgspec 0.0.1 is compiled for another processor" in answer["errorMessage"]


def test_a_lambda_is_ready_when_it_is_first_looked_at(cloud, function):
    function("ready", "def handle(event, context):\n    pass\n")

    configuration = cloud.client("lambda").get_function_configuration(FunctionName="ready")

    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
