"""The IAM actions that CloudFormation needs for each resource type of the shop.

From the "permissions" of each type's handlers
(`aws cloudformation describe-type --type RESOURCE --type-name ...`) and from
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Nothing here deletes what outlives its stack: tables, secrets, the bus. Not tried on AWS.
"""

from dataclasses import dataclass, field

# In ARNs, <here>, <name> and <service> are placeholders.
BUCKET = "s3:::commerce-artifacts-${AWS::AccountId}-*"
HERE = "${AWS::Region}:${AWS::AccountId}"
_FUNCTIONS = "lambda:<here>:function:<service>-${Stage}"


@dataclass(frozen=True)
class Need:
    """What resources of these types in a code stack need."""

    types: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: dict[str, dict[str, str]] = field(default_factory=dict)


def _each(service: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names)


_TAGS = ("TagResource", "UntagResource", "ListTagsForResource")

# By type: the property with its name, its ARN, and what is done to it.
NAMED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "AWS::DynamoDB::Table": (
        "TableName",
        "dynamodb:<here>:table/<name>",
        (
            *_each(
                "dynamodb",
                "CreateTable",
                "UpdateTable",
                "DescribeTable",
                "TagResource",
                "UntagResource",
            ),
            *_each("dynamodb", "ListTagsOfResource", "UpdateTimeToLive", "DescribeTimeToLive"),
            *_each(
                "dynamodb",
                "UpdateContinuousBackups",
                "DescribeContinuousBackups",
                "GetResourcePolicy",
            ),
            *_each(
                "dynamodb", "DescribeContributorInsights", "DescribeKinesisStreamingDestination"
            ),
        ),
    ),
    "AWS::SQS::Queue": (
        "QueueName",
        "sqs:<here>:<name>",
        (
            *_each("sqs", "CreateQueue", "DeleteQueue", "GetQueueAttributes", "SetQueueAttributes"),
            *_each("sqs", "GetQueueUrl", "ListQueueTags", "TagQueue", "UntagQueue"),
        ),
    ),
    "AWS::SNS::Topic": (
        "TopicName",
        "sns:<here>:<name>",
        (
            *_each(
                "sns",
                "CreateTopic",
                "DeleteTopic",
                "GetTopicAttributes",
                "SetTopicAttributes",
                *_TAGS,
            ),
            *_each(
                "sns",
                "Subscribe",
                "Unsubscribe",
                "ListSubscriptionsByTopic",
                "GetDataProtectionPolicy",
            ),
            *_each("sns", "GetSubscriptionAttributes", "SetSubscriptionAttributes"),
        ),
    ),
    "AWS::Events::EventBus": (
        "Name",
        "events:<here>:event-bus/<name>",
        (
            *_each("events", "CreateEventBus", "UpdateEventBus", "DescribeEventBus", *_TAGS),
            *_each("events", "PutPermission", "RemovePermission", "CreateArchive"),
        ),
    ),
    "AWS::Events::Archive": (
        "ArchiveName",
        "events:<here>:archive/<name>",
        _each("events", "CreateArchive", "UpdateArchive", "DescribeArchive"),
    ),
    "AWS::Events::Rule": (
        "Name",
        "events:<here>:rule/commerce/<name>",
        (
            *_each("events", "PutRule", "DeleteRule", "DescribeRule", "EnableRule", "DisableRule"),
            *_each("events", "PutTargets", "RemoveTargets", "ListTargetsByRule", *_TAGS),
        ),
    ),
    "AWS::CloudWatch::Alarm": (
        "AlarmName",
        "cloudwatch:<here>:alarm:<name>",
        _each("cloudwatch", "PutMetricAlarm", "DeleteAlarms", "DescribeAlarms", *_TAGS),
    ),
    "AWS::CloudWatch::Dashboard": (
        "DashboardName",
        "cloudwatch::${AWS::AccountId}:dashboard/<name>",
        _each("cloudwatch", "PutDashboard", "DeleteDashboards", "GetDashboard"),
    ),
    # Their values are read, too: checkout is not deployed without them (delivery.gateway_keys).
    "AWS::SecretsManager::Secret": (
        "Name",
        "secretsmanager:<here>:secret:<name>-??????",
        _each(
            "secretsmanager",
            *("CreateSecret", "UpdateSecret", "DescribeSecret", "GetSecretValue"),
            *("TagResource", "UntagResource"),
        ),
    ),
    "AWS::WAFv2::WebACL": (
        "Name",
        "wafv2:<here>:regional/webacl/<name>/*",
        _each("wafv2", "CreateWebACL", "UpdateWebACL", "DeleteWebACL", "GetWebACL", *_TAGS),
    ),
    "AWS::Logs::LogGroup": (
        "LogGroupName",
        "logs:<here>:log-group:<name>*",
        _each("logs", "CreateLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy", *_TAGS),
    ),
    # No action here stops the trail: it goes on during every deployment.
    "AWS::CloudTrail::Trail": (
        "TrailName",
        "cloudtrail:<here>:trail/<name>",
        (
            *_each(
                "cloudtrail",
                "CreateTrail",
                "UpdateTrail",
                "GetTrail",
                "GetTrailStatus",
                "StartLogging",
            ),
            *_each("cloudtrail", "PutEventSelectors", "GetEventSelectors", "GetInsightSelectors"),
            *_each("cloudtrail", "AddTags", "RemoveTags", "ListTags"),
        ),
    ),
    "AWS::S3::Bucket": (
        "BucketName",
        "s3:::<name>",
        (
            *_each("s3", "CreateBucket", "ListBucket", "PutBucketPolicy", "GetBucketPolicy"),
            *_each("s3", "PutEncryptionConfiguration", "GetEncryptionConfiguration"),
            *_each("s3", "PutBucketPublicAccessBlock", "GetBucketPublicAccessBlock"),
            *_each("s3", "PutBucketOwnershipControls", "GetBucketOwnershipControls"),
            *_each(
                "s3",
                "PutBucketVersioning",
                "GetBucketVersioning",
                "PutBucketTagging",
                "GetBucketTagging",
            ),
            *_each("s3", "PutLifecycleConfiguration", "GetLifecycleConfiguration"),
        ),
    ),
    "AWS::StepFunctions::StateMachine": (
        "StateMachineName",
        "states:<here>:stateMachine:<name>",
        _each(
            "states",
            *(
                "CreateStateMachine",
                "UpdateStateMachine",
                "DeleteStateMachine",
                "DescribeStateMachine",
            ),
            *_TAGS,
        ),
    ),
}
# What belongs to another resource, and is written into that one.
PARENTS = {
    "AWS::SQS::QueuePolicy": "AWS::SQS::Queue",
    "AWS::SNS::TopicPolicy": "AWS::SNS::Topic",
    "AWS::SNS::Subscription": "AWS::SNS::Topic",
    "AWS::Events::EventBusPolicy": "AWS::Events::EventBus",
    "AWS::S3::BucketPolicy": "AWS::S3::Bucket",
}
CODE = (
    Need(
        (
            "AWS::Lambda::Function",
            "AWS::Lambda::Version",
            "AWS::Lambda::Alias",
            "AWS::Lambda::Permission",
        ),
        (
            *_each("lambda", "CreateFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"),
            *_each(
                "lambda", "DeleteFunction", "GetFunction", "GetFunctionConfiguration", "ListTags"
            ),
            *_each(
                "lambda", "TagResource", "UntagResource", "PublishVersion", "ListVersionsByFunction"
            ),
            *_each("lambda", "CreateAlias", "UpdateAlias", "DeleteAlias", "GetAlias"),
            *_each("lambda", "AddPermission", "RemovePermission", "GetPolicy", "InvokeFunction"),
            *_each("lambda", "GetFunctionCodeSigningConfig", "GetRuntimeManagementConfig"),
            *_each("lambda", "GetFunctionRecursionConfig", "GetProvisionedConcurrencyConfig"),
        ),
        (_FUNCTIONS, _FUNCTIONS + ":*", _FUNCTIONS + "-*"),
    ),
    # A mapping has no name: which Lambda it is for says whose it is.
    Need(
        ("AWS::Lambda::EventSourceMapping",),
        _each(
            "lambda",
            "CreateEventSourceMapping",
            "UpdateEventSourceMapping",
            "DeleteEventSourceMapping",
        ),
        ("lambda:<here>:event-source-mapping:*",),
        {"ArnLike": {"lambda:FunctionArn": _FUNCTIONS + "-*"}},
    ),
    # An API's id is drawn when it is made.
    Need(
        (
            "AWS::ApiGateway::RestApi",
            "AWS::ApiGateway::Deployment",
            "AWS::ApiGateway::Stage",
            "AWS::ApiGateway::Account",
            "AWS::WAFv2::WebACLAssociation",
        ),
        _each("apigateway", "GET", "POST", "PUT", "PATCH", "DELETE", "SetWebACL"),
        tuple(
            "apigateway:${AWS::Region}::/" + path for path in ("restapis", "restapis/*", "tags/*")
        ),
    ),
    Need(
        ("AWS::WAFv2::WebACLAssociation",),
        _each(
            "wafv2", "AssociateWebACL", "DisassociateWebACL", "GetWebACLForResource", "GetWebACL"
        ),
        ("wafv2:<here>:regional/webacl/*", "apigateway:${AWS::Region}::/restapis/*"),
    ),
    Need(
        ("AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup"),
        (
            *_each("codedeploy", "CreateApplication", "UpdateApplication", "DeleteApplication"),
            *_each(
                "codedeploy", "GetApplication", "CreateDeploymentGroup", "UpdateDeploymentGroup"
            ),
            *_each("codedeploy", "DeleteDeploymentGroup", "GetDeploymentGroup", "CreateDeployment"),
            *_each("codedeploy", "GetDeployment", "StopDeployment", "RegisterApplicationRevision"),
            *_each("codedeploy", "GetApplicationRevision", *_TAGS),
        ),
        (
            "codedeploy:<here>:application:<service>-*",
            "codedeploy:<here>:deploymentgroup:<service>-*/*",
        ),
    ),
    Need((), _each("codedeploy", "GetDeploymentConfig"), ("codedeploy:<here>:deploymentconfig:*",)),
    # Schedules, which SAM names by their stack, and what is named by service and stage.
    Need(
        ("AWS::Events::Rule",), NAMED["AWS::Events::Rule"][2], ("events:<here>:rule/<service>-*",)
    ),
    Need(
        ("AWS::CloudWatch::Alarm",),
        NAMED["AWS::CloudWatch::Alarm"][2],
        ("cloudwatch:<here>:alarm:<service>-*",),
    ),
    Need(
        ("AWS::CloudWatch::Dashboard",),
        NAMED["AWS::CloudWatch::Dashboard"][2],
        ("cloudwatch::${AWS::AccountId}:dashboard/<service>-${Stage}",),
    ),
    Need(
        ("AWS::Logs::LogGroup",),
        NAMED["AWS::Logs::LogGroup"][2],
        (
            "logs:<here>:log-group:/aws/apigateway/<service>-${Stage}*",
            "logs:<here>:log-group:/aws/lambda/<service>-${Stage}*",
        ),
    ),
    Need((), _each("s3", "CreateBucket", "ListBucket"), (BUCKET,)),
    Need(
        (),
        _each("s3", "GetObject", "PutObject"),
        (BUCKET + "/<service>/*",),
    ),
    Need(
        (),
        ("cloudformation:CreateChangeSet",),
        ("cloudformation:${AWS::Region}:aws:transform/Serverless-2016-10-31",),
    ),
)
STACKS = _each(
    "cloudformation",
    *(
        "CreateStack",
        "UpdateStack",
        "DeleteStack",
        "DescribeStacks",
        "DescribeStackEvents",
        "GetTemplate",
    ),
    *(
        "CreateChangeSet",
        "DescribeChangeSet",
        "ExecuteChangeSet",
    ),  # of a new stack that takes in what outlived an earlier one
    *("TagResource", "UntagResource"),
)
ROLES = (
    *_each(
        "iam",
        "CreateRole",
        "DeleteRole",
        "GetRole",
        "UpdateRole",
        "UpdateAssumeRolePolicy",
        "TagRole",
    ),
    *_each(
        "iam", "UntagRole", "PutRolePolicy", "DeleteRolePolicy", "GetRolePolicy", "ListRolePolicies"
    ),
    *_each("iam", "ListAttachedRolePolicies"),
)
ATTACH = _each("iam", "AttachRolePolicy", "DetachRolePolicy")
MANAGED_POLICIES = ("AWSCodeDeployRoleForLambda", "AmazonAPIGatewayPushToCloudWatchLogs")
PASSED_TO = tuple(
    f"{name}.amazonaws.com" for name in ("lambda", "codedeploy", "states", "apigateway")
)
# What names no resource, and why.
EVERYTHING = {
    "cloudformation:ListExports": "knows no resources; which neighbours' streams are there",
    "cloudtrail:DescribeTrails": "knows no resources; reads only",
    "lambda:GetEventSourceMapping": (
        "is authorized on the mapping, whose id is random; reads only"
    ),
    "lambda:ListEventSourceMappings": "knows no resources; reads only",
    "logs:DescribeLogGroups": "is authorized on all log groups of the account; reads only",
}


def covered() -> set[str]:
    """Return the resource types that a deploy role can deploy."""
    return {*NAMED, *PARENTS, "AWS::IAM::Role", *(kind for need in CODE for kind in need.types)}
