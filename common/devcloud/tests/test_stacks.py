import json

import pytest

from delivery import deploy, stacks

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "stacked"}}


def template(**resources):
    return json.dumps({"Resources": resources})


def needs(export):
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::ImportValue": export}}}


def test_a_stack_that_is_up_to_date_is_left_alone(cloud):
    assert stacks.deploy(cloud, "twice", template(Queue=QUEUE)) is True
    assert stacks.deploy(cloud, "twice", template(Queue=QUEUE)) is False


def test_a_template_may_be_larger_than_a_request(cloud):
    deploy.make_bucket(cloud)
    large = template(
        Queue=QUEUE, Other={"Type": "AWS::SQS::Queue", "Metadata": {"why": "long" * 13_000}}
    )

    assert stacks.deploy(cloud, "large", large) is True


def test_a_failure_names_the_resource_and_the_reason(cloud):
    with pytest.raises(
        stacks.StackFailed, match=r"Stack fails failed: Needy \(AWS::SQS::Queue\): Export 'Nothing'"
    ):
        stacks.deploy(cloud, "fails", template(Needy=needs("Nothing")))


def test_a_failure_names_the_cause_of_the_latest_attempt(cloud):
    stacks.deploy(cloud, "fails-twice", template(Queue=QUEUE))
    with pytest.raises(stacks.StackFailed, match="'First'"):
        stacks.deploy(cloud, "fails-twice", template(Queue=QUEUE, Needy=needs("First")))

    with pytest.raises(stacks.StackFailed, match="'Second'"):
        stacks.deploy(cloud, "fails-twice", template(Queue=QUEUE, Needy=needs("Second")))


def test_a_stack_that_could_not_be_created_can_be_tried_again(cloud):
    with pytest.raises(stacks.StackFailed):
        stacks.deploy(cloud, "recovers", template(Needy=needs("Nothing")))

    assert stacks.deploy(cloud, "recovers", template(Topic={"Type": "AWS::SNS::Topic"})) is True


def kept_table(name):
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        },
    }


def left_behind(cloud, name):
    """A table with an item, whose stack is gone."""
    stacks.deploy(cloud, f"{name}-stack", template(Table=kept_table(name)))
    cloud.client("dynamodb").put_item(TableName=name, Item={"id": {"S": "kept"}})
    stacks.delete(cloud, f"{name}-stack")


def items(cloud, name):
    return cloud.client("dynamodb").scan(TableName=name)["Items"]


def test_a_new_stack_adopts_the_table_that_outlived_the_old_one(cloud):
    left_behind(cloud, "Adopted")

    deployed = template(Table=kept_table("Adopted"), Queue={"Type": "AWS::SQS::Queue"})
    assert stacks.deploy(cloud, "Adopted-stack", deployed, adopt=True) is True

    assert items(cloud, "Adopted") == [{"id": {"S": "kept"}}]
    resources = cloud.client("cloudformation").describe_stack_resources(StackName="Adopted-stack")
    assert {resource["LogicalResourceId"] for resource in resources["StackResources"]} == {
        "Table",
        "Queue",
    }
    assert stacks.deploy(cloud, "Adopted-stack", deployed, adopt=True) is False


def test_a_table_that_exists_is_not_replaced_by_an_empty_one(cloud):
    left_behind(cloud, "Foreign")

    with pytest.raises(stacks.StackFailed, match="'Foreign' already exists"):
        stacks.deploy(cloud, "Foreign-stack", template(Table=kept_table("Foreign")))

    assert items(cloud, "Foreign") == [{"id": {"S": "kept"}}]


def test_a_table_that_cannot_be_adopted_is_named_and_can_be_retried(cloud):
    left_behind(cloud, "Unkept")
    careless = kept_table("Unkept") | {"DeletionPolicy": "Delete"}

    with pytest.raises(stacks.StackFailed, match="DeletionPolicy"):
        stacks.deploy(cloud, "Unkept-stack", template(Table=careless), adopt=True)

    assert (
        stacks.deploy(cloud, "Unkept-stack", template(Table=kept_table("Unkept")), adopt=True)
        is True
    )


@pytest.mark.parametrize(("account", "made"), [("000000000000", True), ("111111111111", False)])
def test_a_resource_may_depend_on_the_account(cloud, account, made):
    condition = {"Fn::Equals": [{"Ref": "AWS::AccountId"}, account]}
    queue = {
        "Type": "AWS::SQS::Queue",
        "Condition": "There",
        "Properties": {"QueueName": f"only-in-{account}"},
    }
    topic = {"Type": "AWS::SNS::Topic"}
    resources = {"Resources": {"Queue": queue, "Topic": topic}, "Conditions": {"There": condition}}

    stacks.deploy(cloud, f"of-{account}", json.dumps(resources))

    queues = (
        cloud.client("sqs").list_queues(QueueNamePrefix=f"only-in-{account}").get("QueueUrls", [])
    )
    assert bool(queues) is made


def test_a_stack_that_cannot_be_deleted_is_told_with_the_reason(cloud):
    network = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
    stacks.deploy(cloud, "stays", template(Network=network))
    resources = cloud.client("cloudformation").describe_stack_resources(StackName="stays")
    used = resources["StackResources"][0]["PhysicalResourceId"]
    cloud.client("ec2").create_subnet(VpcId=used, CidrBlock="10.0.1.0/24")

    for _ in range(2):  # also when it failed before
        with pytest.raises(
            stacks.StackFailed, match=r"stays could not be deleted: Network .*dependencies"
        ):
            stacks.delete(cloud, "stays")


def test_a_deployment_that_does_not_end_is_not_waited_for(cloud, monkeypatch):
    monkeypatch.setattr(stacks, "_PATIENCE_SECONDS", 0)

    with pytest.raises(stacks.StackFailed, match="Stack endless takes longer"):
        stacks.deploy(cloud, "endless", template(Queue=QUEUE | {"Properties": {}}))


def test_a_deployment_touches_only_what_changed(cloud):
    """A stack's tags are its resources' too: one that changes would change them all."""
    stacks.deploy(cloud, "untagged", template(Topic={"Type": "AWS::SNS::Topic"}))

    assert stacks.find(cloud, "untagged")["Tags"] == []


def test_a_first_deployment_that_failed_leaves_no_name_taken(cloud):
    kept = kept_table("Half") | {"DeletionPolicy": "RetainExceptOnCreate"}
    with pytest.raises(stacks.StackFailed):
        stacks.deploy(
            cloud, "half", template(Table=kept, Needy=needs("Nothing") | {"DependsOn": "Table"})
        )

    assert stacks.deploy(cloud, "half", template(Table=kept)) is True
    stacks.delete(cloud, "half")
    assert items(cloud, "Half") == []  # with its contents it outlives the stack
