"""The `*` of an authorizer's policy stands for any characters, line breaks in a path included; ministack's ends at the first of them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from ministack.services import apigateway_v1

from devcloud.emulator.patching import rewrite


def apply() -> None:
    """Let it go on."""
    rewrite(
        apigateway_v1, "_arn_matches", {"re.match(regex, arn)": "re.match(regex, arn, re.DOTALL)"}
    )
