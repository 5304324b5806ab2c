"""Gradual releases on `prod`: a tenth of the calls for five minutes, then all.

Every function gets an alias, callers call the alias, and CodeDeploy moves it to the new version or
rolls it back at an alarm:
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/automating-updates-to-serverless-apps.html
Only on `prod`: on `dev` each change would take five minutes, and `chalice deploy` has no aliases.
"""

from typing import Any

from delivery import alarms, monitored_resources

STAGE = "prod"
ALIAS = "live"
SETTING = "LAMBDA_ALIAS"  # the alias under which Lambdas call others
_SHIFT = "Canary10Percent5Minutes"
_FUNCTION = "AWS::Serverless::Function"
_PERMISSION = "AWS::Lambda::Permission"
_API = "RestAPI"
_ALARM_ACTION = {
    "Fn::Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:commerce-alarms",
}
# A customer waits for these. Snapshots are charged per version for as long as it exists.
_AWAITED = ("APIHandler", "Authorizer")
# https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html#snapstart-runtimes
_WITHOUT_SNAPSTART = ("python3.9", "python3.10", "python3.11")


def alias_of(stage: str) -> str:
    """Return the alias suffix of a stage's function names: `:live`, or nothing."""
    return f":{ALIAS}" if stage == STAGE else ""


def shift_gradually(template: dict[str, Any]) -> None:
    """Give every function its alias and alarms, and have all callers use the alias."""
    resources = template["Resources"]
    functions = {
        name: resource for name, resource in resources.items() if resource["Type"] == _FUNCTION
    }
    api_alarm = _watch_api(resources)
    for name, function in functions.items():
        properties = function["Properties"]
        resources[f"{name}ReleaseAlarm"] = _alarm_of(name, properties)
        alarms = [{"Ref": f"{name}ReleaseAlarm"}, *(api_alarm if name == "APIHandler" else [])]
        properties["AutoPublishAlias"] = ALIAS
        # A change of settings alone is a release, too.
        properties["AutoPublishAliasAllProperties"] = True
        properties["DeploymentPreference"] = {"Type": _SHIFT, "Alarms": alarms}
        properties["Environment"]["Variables"][SETTING] = ALIAS
        if name in _AWAITED and properties["Runtime"] not in _WITHOUT_SNAPSTART:
            properties["SnapStart"] = {"ApplyOn": "PublishedVersions"}
    _call_the_alias(template, functions)


def _call_the_alias(template: dict[str, Any], functions: dict[str, Any]) -> None:
    """Rewrite API Gateway's targets, permissions and policies of roles.

    Event sources follow the alias by themselves.
    """
    resources = template["Resources"]
    if _API in resources:
        _let_api_call_the_alias(resources[_API]["Properties"]["DefinitionBody"], functions)
    for resource in resources.values():
        if resource["Type"] == _PERMISSION:
            named = resource["Properties"]["FunctionName"]
            name = named["Ref"] if "Ref" in named else named["Fn::GetAtt"][0]
            resource["Properties"]["FunctionName"] = {"Ref": f"{name}.Alias"}
        elif resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"]["Policies"]:
                _let_invoke_the_alias(policy["PolicyDocument"]["Statement"])


def _let_api_call_the_alias(part: Any, functions: dict[str, Any]) -> None:
    """Use a variable of Fn::Sub: cfn-lint does not know `${Name.Alias}` in its text."""
    if isinstance(part, list):
        for each in part:
            _let_api_call_the_alias(each, functions)
    elif isinstance(part, dict):
        text = part.get("Fn::Sub")
        for name in functions:
            if isinstance(text, str) and f"${{{name}.Arn}}" in text:
                called = text.replace(f"${{{name}.Arn}}", "${Called}")
                part["Fn::Sub"] = [called, {"Called": {"Ref": f"{name}.Alias"}}]
        for each in part.values():
            _let_api_call_the_alias(each, functions)


def _let_invoke_the_alias(statements: list[dict[str, Any]]) -> None:
    for statement in statements:
        if "lambda:InvokeFunction" in statement["Action"]:
            named = statement["Resource"]
            arns = named if isinstance(named, list) else [named]
            statement["Resource"] = [f"{arn}:{ALIAS}" for arn in arns]


def _watch_api(resources: dict[str, Any]) -> list[dict[str, str]]:
    """Count the API's 500 responses.

    Chalice returns them itself, so they are no errors of the Lambda.
    """
    if _API not in resources:
        return []
    name = resources[_API]["Properties"]["DefinitionBody"]["info"]["title"]
    stage = resources[_API]["Properties"]["StageName"]
    dimensions = [{"Name": "ApiName", "Value": name}, {"Name": "Stage", "Value": stage}]
    metric = {"Namespace": "AWS/ApiGateway", "MetricName": "5XXError", "Dimensions": dimensions}
    resources["ApiReleaseAlarm"] = _alarm(
        f"{name}-release-api", metric | {"Statistic": "Sum", "Period": 60}
    )
    return [{"Ref": "ApiReleaseAlarm"}]


def _alarm_of(logical_id: str, properties: dict[str, Any]) -> dict[str, Any]:
    function = properties["FunctionName"]
    refuses = monitored_resources.refuses(logical_id, properties)
    return _alarm(f"{function}-release", alarms.errors(function, refuses, 60, ALIAS))


def _alarm(name: str, metric: dict[str, Any]) -> dict[str, Any]:
    """Alarm on more than one error per minute, in two of three minutes.

    A single error may be caused by one customer's request.
    """
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name,
            "AlarmDescription": "Errors; a release in progress is rolled back.",
            **metric,
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": 2,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [_ALARM_ACTION],
        },
    }
