"""Packages a service, for the local shop and for AWS alike: a zip and a template.

`chalice package` makes the template and a zip of the service and `common`. The packages of
requirements.txt are added from wheels, all is compiled, and the template is completed
(delivery.templates).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from delivery import archives, data_files, hashes, locks, templates, wheels

REGION = "us-east-1"  # Chalice wants one to package; what it makes holds in any
RUNTIME = (3, 13)  # of Lambdas on AWS: the pipeline's PYTHON_VERSION
TEMPLATE = "sam.json"
ZIP = "deployment.zip"
# What makes a zip and a template of a service: where one of these changes, all six are rebuilt.
BUILT_BY = (
    "alarms.py",
    "archives.py",
    "dashboards.py",
    "domain.py",
    "api_gateway.py",
    "packaging.py",
    "canary.py",
    "data_files.py",
    "prune.py",
    "templates.py",
    "monitored_resources.py",
    "wheels.py",
)

_NOT_PACKAGED = shutil.ignore_patterns(
    "tests",
    "__pycache__",
    "*.pyc",
    "deployments",
    "deployed",
    ".pytest_cache",
    ".mypy_cache",
    ".serverless",
)
_CHALICE = "import sys; from chalice.cli import main; sys.exit(main())"


class PackagingFailed(RuntimeError):
    """A service could not be packaged. The message is Chalice's."""


class WrongPython(RuntimeError):
    """AWS's stages run one version of Python, and this is another."""


def require_runtime(stage: str, version: tuple[int, ...] = sys.version_info[:2]) -> None:
    """Require the Python that Lambdas of the stage run: Chalice packages for its own.

    Raises: WrongPython.
    """
    if version != RUNTIME:
        expected, actual = (".".join(map(str, each)) for each in (RUNTIME, version))
        raise WrongPython(
            f"Lambdas on {stage} run Python {expected}, and this is {actual}, which would change"
            f" all of them: set up with it once, make up PYTHON=python{expected}, and deploy again."
            " Nothing was deployed."
        )


def package(
    service: Path,
    stage: str,
    out: Path,
    wheel_cache: Path,
    environment: Mapping[str, str] | None = None,
) -> Path:
    """Package a service into `out` unless nothing changed. Return its template's path.

    Concurrent processes wait for each other. `environment` adds to every Lambda's variables.
    Raises: PackagingFailed, wheels.WheelMissing.
    """
    with locks.exclusive(out.with_name(f"{out.name}.lock")):
        return _package(service, stage, out, wheel_cache, environment or {})


def _package(
    service: Path, stage: str, out: Path, wheel_cache: Path, environment: Mapping[str, str]
) -> Path:
    template = out / TEMPLATE
    inputs = _inputs(service, stage, environment)
    if template.exists() and hashes.load(out / "inputs") == inputs:
        return template
    architecture = target_architecture(service, stage)
    wheels.gather([service], architecture, wheel_cache)
    with tempfile.TemporaryDirectory(prefix="package-") as scratch:
        built = _chalice(_staged(service, stage, Path(scratch)), stage, Path(scratch, "built"))
        out.mkdir(parents=True, exist_ok=True)
        own = _unzipped(built / ZIP, Path(scratch, "own"))
        pins = service / "requirements.txt"
        archives.write([own, *wheels.installed(pins, architecture, wheel_cache)], out / ZIP)
        for layer, pins in wheels.layers(service).items():
            packages = wheels.installed(pins, architecture, wheel_cache)
            archives.write(packages, out / templates.layer_zip(layer), inside="python")
        document = json.loads((built / TEMPLATE).read_text())
        templates.finish(document, service.name, stage, environment)
        template.write_text(json.dumps(document, indent=1) + "\n")
    hashes.save(out / "inputs", inputs)
    return template


def target_architecture(service: Path, stage: str) -> str:
    """Return the stage's Lambda architecture. For `local` this machine's."""
    if stage == "local":
        return wheels.THIS_MACHINE
    settings = json.loads((service / ".chalice" / "config.json").read_text())
    own = settings["stages"].get(stage, {})
    return str(own.get("lambda_architecture") or settings.get("lambda_architecture") or "x86_64")


def sources(service: Path) -> list[Path]:
    """List every file that the package depends on."""
    own = [Path(__file__).with_name(name) for name in BUILT_BY]
    return [*_sources(service), *_sources(service / "vendor" / "common"), *own]


def _inputs(service: Path, stage: str, environment: Mapping[str, str]) -> str:
    return hashes.compute(
        sources(service),
        [
            sys.version,
            wheels.this_architecture(),
            stage,
            json.dumps(dict(environment), sort_keys=True),
        ],
    )


def _sources(folder: Path) -> Iterable[Path]:
    for directory, folders, files in os.walk(folder.resolve()):
        ignored = _NOT_PACKAGED(directory, [*folders, *files])
        folders[:] = sorted(name for name in folders if name not in ignored)
        yield from (Path(directory, name) for name in sorted(files) if name not in ignored)


def _staged(service: Path, stage: str, scratch: Path) -> Path:
    """Copy the service's folder for packaging.

    Packaging then writes nothing to the source and may run in parallel.
    """
    copy = scratch / service.name
    shutil.copytree(service, copy, ignore=_NOT_PACKAGED)
    data_files.remove_unread(copy, copy / "vendor" / "common")
    (copy / "requirements.txt").write_text(
        ""
    )  # Chalice would go on without a package that it cannot find
    if stage == "local":
        config = copy / ".chalice" / "config.json"
        settings = json.loads(config.read_text())
        settings["stages"]["local"]["lambda_architecture"] = wheels.this_architecture()
        config.write_text(json.dumps(settings))
    return copy


def _chalice(project: Path, stage: str, out: Path) -> Path:
    command = [sys.executable, "-c", _CHALICE, "package", "--stage", stage]
    if (project / ".chalice" / "merge.json").exists():
        command += ["--merge-template", ".chalice/merge.json"]
    settings = {
        "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", REGION),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SERVICE_ALONE": "1",  # .venv does not show it the repository's own packages
        "AWS_EC2_METADATA_DISABLED": "true",  # it asks for credentials and needs none
    }
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(  # noqa: S603 - our own arguments
        [*command, str(out)], cwd=project, env=inherited | settings, capture_output=True, text=True
    )
    if done.returncode:
        output = [line.strip() for line in done.stderr.splitlines() if line.strip()] or [
            "Chalice says nothing"
        ]
        reason = "\n  ".join([output[-1], *output[-3:-1]])
        raise PackagingFailed(f"{project.name} could not be packaged: {reason}")
    return out


def _unzipped(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    archives.compile_modules(folder)
    return folder
