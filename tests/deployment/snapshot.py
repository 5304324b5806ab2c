"""What the data stacks of the shop have put into a cloud, read back from the cloud: the same words for the same thing."""

from typing import Any

from delivery.clouds import Cloud

# Of a thing, not of what was asked for: when it was made, and the number it got.
_PASSING = {
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


def of(cloud: Cloud) -> dict[str, Any]:
    """Tables, queues, topics, rules, buses, alarms, secrets, roles and exports, each by its name."""
    return {
        kind: _lasting(read(cloud))
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
    """With their policies, which say who may send, and what goes where after how many failures."""
    client = cloud.client("sqs")
    return {
        url.rpartition("/")[2]: client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
            "Attributes"
        ]
        for url in client.list_queues()["QueueUrls"]
    }


def _topics(cloud: Cloud) -> dict[str, Any]:
    client = cloud.client("sns")
    found = {}
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
        found[arn] = [client.get_topic_attributes(TopicArn=arn)["Attributes"], filters]
    return found


def _buses(cloud: Cloud) -> dict[str, Any]:
    return {bus["Name"]: bus for bus in cloud.client("events").list_event_buses()["EventBuses"]}


def _rules(cloud: Cloud) -> dict[str, Any]:
    client = cloud.client("events")
    found = {}
    for bus in _buses(cloud):
        for rule in client.list_rules(EventBusName=bus)["Rules"]:
            targets = client.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
            found[f"{bus}/{rule['Name']}"] = [rule, targets]
    return found


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
    """By name; a stream's ARN ends with the moment when it was made."""
    found = cloud.client("cloudformation").list_exports()["Exports"]
    return {one["Name"]: one["Value"].partition("/stream/")[0] for one in found}


def _lasting(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _lasting(value) for name, value in found.items() if name not in _PASSING}
    if isinstance(found, list):
        return [_lasting(value) for value in found if not _is_stack_id(value)]
    return found


def _is_stack_id(tag: Any) -> bool:
    return isinstance(tag, dict) and tag.get("Key") == "aws:cloudformation:stack-id"
