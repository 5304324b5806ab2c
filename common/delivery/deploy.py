"""Deploy services: resources first, then all code at once, then the state machine."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from delivery import (
    account_limits,
    canary,
    cfn,
    chalice_settings,
    gateway_keys,
    missing_exports,
    packaging,
    stacks,
    stage_settings,
    templates,
    versions,
    wheels,
)
from delivery.clouds import Cloud
from delivery.paths import service as folder

ORCHESTRATOR = "checkout-orchestrator"
STATE_MACHINE = "checkout-state-machine"

Say = Callable[[str], None]
Environment = Mapping[str, Mapping[str, str]]


def deploy(
    cloud: Cloud,
    services: Iterable[str],
    stage: str,
    build: Path,
    say: Say,
    environment: Environment | None = None,
) -> None:
    """Deploy what changed of these services. Idempotent.

    `environment` adds variables to a service's Lambdas. Raises: gateway_keys.KeysMissing,
    packaging.PackagingFailed, packaging.WrongPython, wheels.WheelMissing, stacks.StackFailed,
    stage_settings.StageSettingWrong, chalice_settings.SettingsStale; a repeat continues.
    """
    services = tuple(services)
    chalice_settings.require_current(services)
    if not cloud.endpoint:
        packaging.require_runtime(stage)
        stage_settings.require_real(stage)
    for warning in account_limits.find_low_limits(cloud):
        say(f"warning: {warning}")
    make_bucket(cloud)  # first: a large template goes through it
    # The bus and the topic are the orchestrator's; the others' rules and subscriptions name them.
    for name in sorted(services, key=lambda name: name != ORCHESTRATOR):
        deploy_resources(cloud, name, stage, say)
    if ORCHESTRATOR in services and stage != "local":
        gateway_keys.require_keys(cloud, folder(ORCHESTRATOR), stage)
    # All at once, and before they are wanted by several at a time.
    for architecture in {packaging.target_architecture(folder(name), stage) for name in services}:
        if fetched := wheels.gather(
            [folder(name) for name in services], architecture, build / "wheels"
        ):
            say(f"{fetched} packages fetched")
    with ThreadPoolExecutor(max_workers=3) as workers:
        jobs = [
            workers.submit(
                deploy_code, cloud, name, stage, build, say, (environment or {}).get(name)
            )
            for name in services
        ]
        for job in jobs:
            job.result()
    if ORCHESTRATOR in services:
        deploy_state_machine(cloud, stage, say)
    if stage == canary.STAGE:
        for name in services:
            if count := versions.delete_old(cloud, name, stage):
                say(f"{name}: {count} old versions deleted")


def deploy_resources(cloud: Cloud, name: str, stage: str, say: Say) -> None:
    """Deploy a service's tables, queues and rules."""
    template = folder(name) / "resources.yml"
    if not template.exists():
        return
    parameters = stage_settings.parameters(name, stage)
    if stacks.deploy(cloud, f"{name}-resources", template.read_text(), parameters, adopt=True):
        say(f"{name}: tables, queues and rules are there")
    if cloud.endpoint:
        _let_items_expire(cloud, template)


def deploy_code(
    cloud: Cloud,
    name: str,
    stage: str,
    build: Path,
    say: Say,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Package and deploy a service's Lambdas and API."""
    began = time.monotonic()
    template = packaging.package(
        folder(name), stage, build / f"{name}-{stage}", build / "wheels", environment
    )
    packaged = time.monotonic()
    document = json.loads(template.read_text())
    for stream in missing_exports.remove_missing_streams(cloud, document):
        say(
            f"{name}: nobody exports {stream} yet; deploy {name} again within a day after its owner"
        )
    key = _upload(cloud, name, template.with_name(packaging.ZIP))
    for resource in document["Resources"].values():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = {"Bucket": cloud.bucket, "Key": key}
        elif resource["Type"] == templates.LAYER:
            layer = _upload(cloud, name, template.with_name(properties["Content"]["S3Key"]))
            properties["Content"] = {"S3Bucket": cloud.bucket, "S3Key": layer}
    if stacks.deploy(cloud, name, json.dumps(document)):
        seconds = (packaged - began, time.monotonic() - packaged)
        say(f"{name}: packaged in {seconds[0]:.1f} s, deployed in {seconds[1]:.1f} s")


def deploy_state_machine(cloud: Cloud, stage: str, say: Say) -> None:
    """Deploy the checkout saga. It finds Lambdas by their names."""
    template = folder(ORCHESTRATOR) / "state-machine.yml"
    parameters = {"Stage": stage, "Alias": canary.alias_of(stage)}
    if template.exists() and stacks.deploy(cloud, STATE_MACHINE, template.read_text(), parameters):
        say("checkout: the state machine is there")


def make_bucket(cloud: Cloud) -> None:
    """Create the bucket for deployment packages. Idempotent."""
    client = cloud.client("s3")
    try:
        client.head_bucket(Bucket=cloud.bucket)
    except ClientError:
        region = client.meta.region_name
        place = (
            {}
            if region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        client.create_bucket(Bucket=cloud.bucket, **place)


def _upload(cloud: Cloud, name: str, archive: Path) -> str:
    """Upload a zip unless it is there, and return its key.

    The key is derived from the contents.
    """
    contents = archive.read_bytes()
    key = f"{name}/{hashlib.sha256(contents).hexdigest()[:32]}.zip"
    client = cloud.client("s3")
    try:
        client.head_object(Bucket=cloud.bucket, Key=key)
    except ClientError:
        client.put_object(Bucket=cloud.bucket, Key=key, Body=contents)
    return key


def _let_items_expire(cloud: Cloud, template: Path) -> None:
    """Enable time to live: the local CloudFormation ignores TimeToLiveSpecification."""
    client = cloud.client("dynamodb")
    for table, attribute in cfn.expiring_tables(template).items():
        ttl_state: dict[str, Any] = client.describe_time_to_live(TableName=table)[
            "TimeToLiveDescription"
        ]
        if ttl_state.get("TimeToLiveStatus") != "ENABLED":
            ttl = {"AttributeName": attribute, "Enabled": True}
            client.update_time_to_live(TableName=table, TimeToLiveSpecification=ttl)
