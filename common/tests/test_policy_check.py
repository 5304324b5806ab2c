import pytest

from testkit.policy_check import find_faults


def template(kind: str, **properties) -> dict:
    return {"Resources": {"Tested": {"Type": kind, "Properties": properties}}}


def policy(**statement) -> dict:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


def faults_of(**statement) -> str:
    document = template("AWS::IAM::ManagedPolicy", PolicyDocument=policy(**statement))
    return " ".join(find_faults(document, "eu-central-1"))


@pytest.mark.parametrize("everyone", ["*", {"AWS": "*"}, {"AWS": ["*", "111122223333"]}])
@pytest.mark.parametrize("action", ["sqs:SendMessage", "sts:AssumeRole"])
def test_a_policy_that_allows_anyone_is_a_fault(everyone, action):
    open_to_all = policy(Principal=everyone, Action=action, Resource="*")
    owned = {**open_to_all["Statement"][0], "Condition": {"StringEquals": {"aws:SourceAccount": 1}}}

    (fault,) = find_faults(template("AWS::SQS::QueuePolicy", Document=open_to_all), "us-east-1")

    assert "anyone is allowed" in fault
    owned_policy = {**open_to_all, "Statement": [owned]}
    assert not find_faults(template("AWS::SQS::QueuePolicy", Document=owned_policy), "us-east-1")


def test_an_action_that_iam_does_not_know_is_a_fault():
    assert "knows no dynamodb:GetItm" in faults_of(Action="dynamodb:GetItm", Resource="*")


def test_an_action_on_a_resource_that_it_never_meets_is_a_fault():
    table = {"Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:*:table/Orders"}

    assert "never evaluated" in faults_of(Action=["dynamodb:ListStreams"], Resource=table)
    assert "never evaluated" in faults_of(Action=["sqs:SendMessage"], Resource=[table])
    assert not faults_of(Action=["dynamodb:GetItem"], Resource=table)


def test_an_action_on_every_resource_is_a_fault_where_it_knows_some():
    assert "on every resource" in faults_of(Action="dynamodb:GetItem", Resource="*")
    assert not faults_of(Action=["xray:PutTraceSegments"], Resource="*")
