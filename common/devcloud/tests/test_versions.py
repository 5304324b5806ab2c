"""Old versions of Lambdas, each of whose snapshots is charged."""

from delivery import versions


def publish(cloud, name, count):
    """Publish versions of a Lambda, of which `live` calls the first."""
    client = cloud.client("lambda")
    for number in range(count):
        client.update_function_configuration(FunctionName=name, Description=str(number))
        client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")


def kept(cloud, name):
    entries = cloud.client("lambda").list_versions_by_function(FunctionName=name)["Versions"]
    return [each["Version"] for each in entries]


def test_two_versions_and_what_live_calls_are_kept(cloud, function):
    for name in ("tidy-service-prod-authorizer", "tidy-service-production"):
        function(name, "def handle(event, context): return 0")
        publish(cloud, name, 5)

    assert versions.delete_old(cloud, "tidy-service", "prod") == 2
    assert versions.delete_old(cloud, "tidy-service", "prod") == 0

    assert kept(cloud, "tidy-service-prod-authorizer") == ["$LATEST", "1", "4", "5"]
    assert len(kept(cloud, "tidy-service-production")) == 6
