"""What deploying asks of IAM, apart from AWS's own data (delivery.authorization)."""

from typing import Any

# In ARNs, <here>, <name> and <service> are placeholders.
BUCKET = "s3:::commerce-artifacts-${AWS::AccountId}-*"
HERE = "${AWS::Region}:${AWS::AccountId}"
FUNCTIONS = "lambda:<here>:function:<service>-${Stage}"

# Of data stacks each resource is named: the property with its name, and its ARN.
NAMED = {
    "AWS::DynamoDB::Table": ("TableName", "dynamodb:<here>:table/<name>"),
    "AWS::SQS::Queue": ("QueueName", "sqs:<here>:<name>"),
    "AWS::SNS::Topic": ("TopicName", "sns:<here>:<name>"),
    "AWS::Events::EventBus": ("Name", "events:<here>:event-bus/<name>"),
    "AWS::Events::Archive": ("ArchiveName", "events:<here>:archive/<name>"),
    "AWS::Events::Rule": ("Name", "events:<here>:rule/commerce/<name>"),
    "AWS::CloudWatch::Alarm": ("AlarmName", "cloudwatch:<here>:alarm:<name>"),
    "AWS::SecretsManager::Secret": ("Name", "secretsmanager:<here>:secret:<name>-??????"),
    "AWS::WAFv2::IPSet": ("Name", "wafv2:<here>:regional/ipset/<name>/*"),
    "AWS::WAFv2::WebACL": ("Name", "wafv2:<here>:regional/webacl/<name>/*"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs:<here>:log-group:<name>*"),
    "AWS::CloudTrail::Trail": ("TrailName", "cloudtrail:<here>:trail/<name>"),
    "AWS::S3::Bucket": ("BucketName", "s3:::<name>"),
    "AWS::SES::ConfigurationSet": ("Name", "ses:<here>:configuration-set/<name>"),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", "states:<here>:stateMachine:<name>"),
}
# What a type is evaluated on besides its own name.
BESIDES = {
    "AWS::WAFv2::WebACL": (
        "wafv2:<here>:regional/managedruleset/*/*",
        "wafv2:<here>:regional/ipset/*/*",
    ),
    # Its name is a setting of the stage.
    "AWS::SES::EmailIdentity": ("ses:<here>:identity/*",),
    "AWS::ApiGateway::Account": ("apigateway:${AWS::Region}::/account",),
}
# Code stacks begin with the service's name. An API's id and a mapping's are drawn at random.
CODE = (
    FUNCTIONS,
    FUNCTIONS + ":*",
    FUNCTIONS + "-*",
    FUNCTIONS + "-*:*",
    "lambda:<here>:layer:<service>-${Stage}-*",
    "lambda:<here>:layer:<service>-${Stage}-*:*",
    "lambda:<here>:event-source-mapping:*",
    "apigateway:${AWS::Region}::/restapis",
    "apigateway:${AWS::Region}::/restapis/*",
    "apigateway:${AWS::Region}::/restapis/*/stages/*",
    "apigateway:${AWS::Region}::/tags/*",
    "wafv2:<here>:regional/webacl/commerce/*",
    "codedeploy:<here>:application:<service>-*",
    "codedeploy:<here>:deploymentgroup:<service>-*/*",
    "codedeploy:<here>:deploymentconfig:*",
    "events:<here>:rule/<service>-*",
    "cloudwatch:<here>:alarm:<service>-*",
    "cloudwatch::${AWS::AccountId}:dashboard/<service>-${Stage}",
    "logs:<here>:log-group:/aws/apigateway/<service>-${Stage}*",
    "logs:<here>:log-group:/aws/lambda/<service>-${Stage}*",
    BUCKET + "/<service>/*",
)
# What packaged templates have after the transform. A test compares.
CODE_TYPES = (
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Events::Rule",
    "AWS::IAM::Role",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::LogGroup",
    "AWS::WAFv2::WebACLAssociation",
)
# What `make release` does by itself: it uploads zips and templates, reads streams' exports and the
# account's limits, calls the Lambdas of the smoke test, and deletes old versions.
RELEASE = (
    "cloudformation:ListExports",
    "lambda:DeleteFunction",
    "lambda:GetAccountSettings",
    "lambda:GetAlias",
    "lambda:InvokeFunction",
    "lambda:ListFunctions",
    "lambda:ListVersionsByFunction",
    "s3:GetObject",
    "s3:PutObject",
)
STACKS = tuple(
    f"cloudformation:{name}"
    for name in (
        *("CreateStack", "UpdateStack", "DeleteStack", "DescribeStacks", "DescribeStackEvents"),
        *("GetTemplate", "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet"),
        *("TagResource", "UntagResource"),
    )
)
MANAGED_POLICIES = ("AWSCodeDeployRoleForLambda", "AmazonAPIGatewayPushToCloudWatchLogs")
PASSED_TO = tuple(
    f"{name}.amazonaws.com" for name in ("lambda", "codedeploy", "states", "apigateway")
)

_ATTACHED = {
    "ArnEquals": {
        "iam:PolicyARN": [f"iam::aws:policy/service-role/{name}" for name in MANAGED_POLICIES]
    }
}
_OWN_MAPPINGS = {"ArnLike": {"lambda:FunctionArn": FUNCTIONS + "-*"}}
# Templates retain what these delete, but for a first deployment that fails: it is rolled back.
_BY_CLOUDFORMATION = {
    "ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}
}
CONDITIONS: dict[str, dict[str, dict[str, Any]]] = {
    "iam:PassRole": {"StringEquals": {"iam:PassedToService": list(PASSED_TO)}},
    "iam:AttachRolePolicy": _ATTACHED,
    "iam:DetachRolePolicy": _ATTACHED,
    **{
        f"lambda:{verb}EventSourceMapping": _OWN_MAPPINGS
        for verb in ("Create", "Delete", "Get", "Update")
    },
    "dynamodb:DeleteTable": _BY_CLOUDFORMATION,
    "events:DeleteArchive": _BY_CLOUDFORMATION,
    "events:DeleteEventBus": _BY_CLOUDFORMATION,
    "logs:DeleteLogGroup": _BY_CLOUDFORMATION,
    "secretsmanager:DeleteSecret": _BY_CLOUDFORMATION,
    "ses:DeleteEmailIdentity": _BY_CLOUDFORMATION,
    "sns:DeleteTopic": _BY_CLOUDFORMATION,
    "sqs:DeleteQueue": _BY_CLOUDFORMATION,
}
