"""Actions that resource types name and that the shop's templates do not need.

A type's handlers list all that any of its properties could ask for. Here each action is listed
under the property that asks for it, and a test requires that no template has the property.
"""

from fnmatch import fnmatchcase

# Always needed by nobody: they belong to accounts or networks that the shop does not have.
_NOWHERE = ("kms:*", "ec2:*", "organizations:*", "payments:*")
_BY_PROPERTY: dict[str, dict[str, tuple[str, ...]]] = {
    "AWS::DynamoDB::Table": {
        "ImportSourceSpecification": (
            *("dynamodb:DescribeImport", "dynamodb:ImportTable", "logs:*", "s3:*"),
        ),
        "KinesisStreamSpecification": (
            *("dynamodb:EnableKinesisStreamingDestination", "kinesis:*"),
            *(f"dynamodb:{verb}KinesisStreamingDestination" for verb in ("Disable", "Update")),
        ),
        "ResourcePolicy": ("dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy"),
        "ContributorInsightsSpecification": ("dynamodb:UpdateContributorInsights",),
        # Replicas are AWS::DynamoDB::GlobalTable's; this type asks for their actions all the same.
        "Replicas": (
            *("dynamodb:*TableReplica", "dynamodb:*Item", "dynamodb:Query", "dynamodb:Scan"),
            "iam:CreateServiceLinkedRole",
        ),
    },
    "AWS::SNS::Topic": {
        "DataProtectionPolicy": ("sns:PutDataProtectionPolicy",),
        "DeliveryStatusLogging": ("iam:*",),
    },
    "AWS::SNS::Subscription": {"SubscriptionRoleArn": ("iam:*",)},
    "AWS::Events::EventBus": {"Policy": ("events:PutPermission",)},
    "AWS::Events::Rule": {"RoleArn": ("iam:PassRole",)},
    "AWS::SecretsManager::Secret": {
        "GenerateSecretString": ("secretsmanager:GetRandomPassword",),
        "ReplicaRegions": ("secretsmanager:*Replication", "secretsmanager:ReplicateSecretTo*"),
    },
    "AWS::Logs::LogGroup": {
        "DataProtectionPolicy": ("logs:PutDataProtectionPolicy", "logs:CreateLogDelivery"),
        "FieldIndexPolicies": ("logs:PutIndexPolicy", "logs:DeleteIndexPolicy"),
        "ResourcePolicyDocument": ("logs:PutResourcePolicy", "logs:DeleteResourcePolicy"),
        "KmsKeyId": ("logs:AssociateKmsKey", "logs:DisassociateKmsKey"),
        "DeletionProtectionEnabled": ("logs:PutLogGroupDeletionProtection",),
        "BearerTokenAuthenticationEnabled": ("logs:PutBearerTokenAuthentication",),
        "LogGroupClass": ("s3:*", "firehose:*"),  # deliveries of log groups that are vended
    },
    "AWS::CloudTrail::Trail": {
        "CloudWatchLogsRoleArn": ("iam:GetRole", "iam:PassRole"),
        "IsOrganizationTrail": ("iam:CreateServiceLinkedRole",),
        "InsightSelectors": ("cloudtrail:PutInsightSelectors",),
    },
    "AWS::S3::Bucket": {
        "AbacStatus": ("s3:PutBucketAbac",),
        "AccelerateConfiguration": ("s3:PutAccelerateConfiguration",),
        "AccessControl": ("s3:PutBucketAcl", "s3:PutObjectAcl"),
        "AnalyticsConfigurations": ("s3:PutAnalytics*", "s3:DeleteBucketAnalytics*"),
        "CorsConfiguration": ("s3:PutBucketCORS", "s3:DeleteBucketCors"),
        "IntelligentTieringConfigurations": ("s3:PutIntelligentTieringConfiguration",),
        "InventoryConfigurations": ("s3:PutInventory*", "s3:DeleteBucketInventory*"),
        "LoggingConfiguration": ("s3:PutBucketLogging",),
        "MetadataConfiguration": ("s3:*BucketMetadata*TableConfiguration", "s3tables:*"),
        "MetricsConfigurations": ("s3:PutMetrics*", "s3:DeleteBucketMetrics*"),
        "NotificationConfiguration": ("s3:PutBucketNotification",),
        "ObjectLockConfiguration": ("s3:PutBucketObjectLock*", "s3:PutObjectLock*"),
        "ReplicationConfiguration": (
            *("s3:Put*Replication*", "s3:DeleteBucketReplication"),
            *("iam:PassRole", "s3:DeleteObject"),
        ),
        "WebsiteConfiguration": ("s3:PutBucketWebsite", "s3:DeleteBucketWebsite"),
    },
    "AWS::SES::ConfigurationSet": {
        "ArchivingOptions": ("ses:PutConfigurationSetArchivingOptions",),
        "DeliveryOptions": ("ses:PutConfigurationSetDeliveryOptions",),
    },
    "AWS::SES::ConfigurationSetEventDestination": {
        "EventDestination.KinesisFirehoseDestination": ("iam:PassRole",),
    },
    "AWS::StepFunctions::StateMachine": {"DefinitionS3Location": ("s3:*",)},
    "AWS::Lambda::Function": {
        "Code.S3ObjectVersion": ("s3:GetObjectVersion",),
        "CapacityProviderConfig": ("lambda:PassCapacityProvider",),
        "CodeSigningConfigArn": (
            *("lambda:GetCodeSigningConfig", "lambda:PutFunctionCodeSigningConfig"),
            "lambda:DeleteFunctionCodeSigningConfig",
        ),
        "FileSystemConfigs": ("elasticfilesystem:*", "s3files:*"),
        "FunctionScalingConfig": ("lambda:PutFunctionScalingConfig",),
        "ReservedConcurrentExecutions": (
            *("lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency"),
        ),
        "RuntimeManagementConfig": (
            *("lambda:PutRuntimeManagementConfig", "lambda:AssociateRuntimeAlias"),
        ),
    },
    "AWS::Lambda::Version": {
        "FunctionScalingConfig": ("lambda:PutFunctionScalingConfig",),
        "ProvisionedConcurrencyConfig": ("lambda:PutProvisionedConcurrencyConfig",),
        "RuntimePolicy": ("lambda:PutRuntimeManagementConfig",),
    },
    "AWS::Lambda::Alias": {
        "ProvisionedConcurrencyConfig": (
            *("lambda:PutProvisionedConcurrencyConfig",),
            *("lambda:DeleteProvisionedConcurrencyConfig",),
        ),
    },
    "AWS::ApiGateway::RestApi": {
        "BodyS3Location": ("s3:GetObject",),
        "Policy": ("apigateway:UpdateRestApiPolicy", "iam:PassRole"),
    },
    "AWS::CodeDeploy::DeploymentGroup": {
        "OnPremisesInstanceTagFilters": ("codedeploy:RegisterOnPremisesInstance",)
    },
    "AWS::IAM::Role": {
        "PermissionsBoundary": (
            *("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
        ),
    },
}
# A firewall can stand before much; of this the shop has an API only.
_OTHER_TARGETS = (
    *("amplify:*", "apprunner:*", "appsync:*", "bedrock-agentcore:*", "cognito-idp:*"),
    *("elasticloadbalancing:*", "wafv2:*PermissionPolicy"),
)
# No workflow stops the record of what happened.
_FORBIDDEN = {
    "AWS::CloudTrail::Trail": ("cloudtrail:DeleteTrail", "cloudtrail:StopLogging"),
    "AWS::S3::Bucket": ("s3:DeleteBucket*",),
    "AWS::S3::BucketPolicy": ("s3:DeleteBucketPolicy",),
}


def is_unused(kind: str, action: str) -> bool:
    """Whether no resource of the type needs the action, or no role may have it."""
    patterns = [*_NOWHERE, *_FORBIDDEN.get(kind, ())]
    if kind == "AWS::WAFv2::WebACLAssociation":
        patterns += _OTHER_TARGETS
    patterns += [name for names in _BY_PROPERTY.get(kind, {}).values() for name in names]
    return any(fnmatchcase(action, pattern) for pattern in patterns)


def absent_properties(kind: str) -> frozenset[str]:
    """Return the properties of a type whose actions the roles lack."""
    return frozenset(_BY_PROPERTY.get(kind, ()))
