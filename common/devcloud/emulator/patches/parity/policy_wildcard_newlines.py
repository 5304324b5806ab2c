"""Let the `*` of an authorizer's policy match line breaks.

ministack's wildcard ends at the first line break of a path, and a permitted request is refused.

AWS: IAM, "IAM JSON policy elements: Resource" (wildcards match any combination of characters).
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from ministack.services import apigateway_v1

from devcloud.emulator.patching import rewrite_function


def apply() -> None:
    """Compile the wildcard as `.*` that matches everything."""
    rewrite_function(
        apigateway_v1, "_arn_matches", {"re.match(regex, arn)": "re.match(regex, arn, re.DOTALL)"}
    )
