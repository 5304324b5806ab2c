"""A secret that a template declares without a value has none until somebody puts one; ministack gives it an empty text."""

from ministack.services.cloudformation import provisioners

from devcloud.emulator.patching import rewrite

_MADE = '    return name, {"Id": arn, "Arn": arn}\n'
_EMPTIED = """    if "SecretString" not in props and "GenerateSecretString" not in props:
        _sm._secrets[name]["Versions"] = {}
"""


def apply() -> None:
    """Take the empty value away again."""
    rewrite(provisioners, "_sm_secret_create", {_MADE: _EMPTIED + _MADE})
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    handlers["create"] = provisioners._sm_secret_create
