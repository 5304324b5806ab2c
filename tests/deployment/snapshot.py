"""Snapshots of what data stacks created, comparable between clouds."""

from typing import Any

from delivery.clouds import Cloud

# Fields that differ between clouds: times and generated ids.
_VOLATILE = {
    *(
        "CreationDateTime",
        "TableId",
        "LatestStreamLabel",
        "LatestStreamArn",
        "CreationTime",
        "LastModifiedTime",
    ),
    *(
        "CreatedTimestamp",
        "LastModifiedTimestamp",
        "AlarmConfigurationUpdatedTimestamp",
        "StateUpdatedTimestamp",
    ),
    *(
        "StateTransitionedTimestamp",
        "ResponseMetadata",
        "CreatedDate",
        "LastChangedDate",
        "SubscriptionArn",
        "ARN",
    ),
    *(
        "SecretVersionsToStages",
        "CreatedBy",
        "CreateDate",
        "RoleId",
        "QueueArn",
        "PolicyRevisionId",
        "BackupPolicy",
    ),
}


def take(cloud: Cloud) -> dict[str, Any]:
    """Read all resources of the data stacks, by kind and name."""
    return {
        kind: _without_volatile(read(cloud))
        for kind, read in {
            "tables": _tables,
            "queues": _queues,
            "topics": _topics,
            "buses": _buses,
            "rules": _rules,
            "alarms": _alarms,
            "secrets": _secrets,
            "roles": _roles,
            "buckets": _buckets,
            "exports": _exports,
        }.items()
    }


def _tables(cloud: Cloud) -> dict[str, Any]:
    client = cloud.client("dynamodb")
    return {
        name: client.describe_table(TableName=name)["Table"]
        for name in client.list_tables()["TableNames"]
    }


def _queues(cloud: Cloud) -> dict[str, Any]:
    """Queues with their policies and redrive policies."""
    client = cloud.client("sqs")
    return {
        url.rpartition("/")[2]: client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
            "Attributes"
        ]
        for url in client.list_queues()["QueueUrls"]
    }


def _topics(cloud: Cloud) -> dict[str, Any]:
    client = cloud.client("sns")
    topics = {}
    for topic in client.list_topics()["Topics"]:
        arn = topic["TopicArn"]
        subscriptions = client.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        filters = {
            one["Endpoint"]: client.get_subscription_attributes(
                SubscriptionArn=one["SubscriptionArn"]
            )["Attributes"]
            for one in subscriptions
            if one["SubscriptionArn"].startswith("arn:")
        }
        topics[arn] = [client.get_topic_attributes(TopicArn=arn)["Attributes"], filters]
    return topics


def _buses(cloud: Cloud) -> dict[str, Any]:
    return {bus["Name"]: bus for bus in cloud.client("events").list_event_buses()["EventBuses"]}


def _rules(cloud: Cloud) -> dict[str, Any]:
    client = cloud.client("events")
    rules = {}
    for bus in _buses(cloud):
        for rule in client.list_rules(EventBusName=bus)["Rules"]:
            targets = client.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
            rules[f"{bus}/{rule['Name']}"] = [rule, targets]
    return rules


def _alarms(cloud: Cloud) -> dict[str, Any]:
    return {
        alarm["AlarmName"]: alarm
        for alarm in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    }


def _secrets(cloud: Cloud) -> dict[str, Any]:
    return {one["Name"]: one for one in cloud.client("secretsmanager").list_secrets()["SecretList"]}


def _roles(cloud: Cloud) -> dict[str, Any]:
    return {role["RoleName"]: role for role in cloud.client("iam").list_roles()["Roles"]}


def _buckets(cloud: Cloud) -> dict[str, Any]:
    return {bucket["Name"]: {} for bucket in cloud.client("s3").list_buckets()["Buckets"]}


def _exports(cloud: Cloud) -> dict[str, Any]:
    """Exports by name, streams' ARNs without their time."""
    exports = cloud.client("cloudformation").list_exports()["Exports"]
    return {one["Name"]: one["Value"].partition("/stream/")[0] for one in exports}


def _without_volatile(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            name: _without_volatile(value) for name, value in part.items() if name not in _VOLATILE
        }
    if isinstance(part, list):
        return [_without_volatile(value) for value in part if not _is_stack_id(value)]
    return part


def _is_stack_id(tag: Any) -> bool:
    return isinstance(tag, dict) and tag.get("Key") == "aws:cloudformation:stack-id"
