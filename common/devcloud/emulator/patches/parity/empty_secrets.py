"""Create a secret without a version if its template declares no value.

ministack creates a version with an empty text, so that a reader takes it for the value.

AWS: CloudFormation, "AWS::SecretsManager::Secret" (SecretString).
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-secretsmanager-secret.html
"""

from ministack.services.cloudformation import provisioners

from devcloud.emulator.patching import rewrite_function

_CREATED = '    return name, {"Id": arn, "Arn": arn}\n'
_REMOVE_VERSION = """    if "SecretString" not in props and "GenerateSecretString" not in props:
        _sm._secrets[name]["Versions"] = {}
"""


def apply() -> None:
    """Remove the empty version."""
    rewrite_function(provisioners, "_sm_secret_create", {_CREATED: _REMOVE_VERSION + _CREATED})
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    handlers["create"] = provisioners._sm_secret_create
