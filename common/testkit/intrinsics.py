"""Resolve CloudFormation's functions in a template, as a stack's creation would."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_NO_VALUE = "AWS::NoValue"
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::AccountId": "111122223333",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "stack",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/stack/1",
}
_BY_ARN = ("AWS::SNS::Topic", "AWS::StepFunctions::StateMachine")  # !Ref returns their ARN
_REFERENCE = re.compile(r"\$\{(!?)([^}]+)\}")


class UnknownFunction(LookupError):
    """A template uses a function that this module does not resolve."""


@dataclass(frozen=True)
class Resolver:
    """A template with values of its parameters, or else their defaults."""

    template: Mapping[str, Any]
    region: str
    parameters: Mapping[str, Any]

    def resolve(self, value: Any) -> Any:
        """Return the value without functions. A resource is referred to by its logical id."""
        if isinstance(value, list):
            return [self.resolve(one) for one in value if not self._is_absent(one)]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (resolved := self._function(*next(iter(value.items())))):
            return resolved[0]
        return {key: self.resolve(one) for key, one in value.items() if not self._is_absent(one)}

    def _function(self, name: str, argument: Any) -> tuple[Any] | None:
        if name == "Ref":
            return (self._refer(argument),)
        if not name.startswith("Fn::"):
            return None
        if name == "Fn::If":
            return (self.resolve(self._branch(argument)),)
        if name == "Fn::Sub":
            return (self._substitute(argument),)
        if name == "Fn::GetAtt":
            return (self._attribute(*argument),)
        arguments = self.resolve(argument)
        if name == "Fn::FindInMap":
            mapping, key, attribute = arguments
            return (self.template["Mappings"][mapping][key][attribute],)
        if name == "Fn::Join":
            return (arguments[0].join(map(str, arguments[1])),)
        if name == "Fn::Select":
            return (arguments[1][int(arguments[0])],)
        if name == "Fn::Split":
            return (arguments[1].split(arguments[0]),)
        raise UnknownFunction(f"{name} is not resolved here: {argument}")

    def _attribute(self, resource: str, attribute: str) -> str:
        """Return an ARN for Arn, else the attribute's name."""
        if attribute != "Arn":
            return f"{resource}.{attribute}"
        service = self._type(resource).split("::")[1].lower()
        place = ":" if service == "s3" else f"{self.region}:{_PSEUDO['AWS::AccountId']}"
        return f"arn:aws:{service}:{place}:{resource}"

    def _refer(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        return self._attribute(name, "Arn") if self._type(name) in _BY_ARN else name

    def _type(self, resource: str) -> str:
        return str(self.template.get("Resources", {}).get(resource, {}).get("Type"))

    def _is_absent(self, value: Any) -> bool:
        if isinstance(value, dict) and list(value) == ["Fn::If"]:
            return self._is_absent(self._branch(value["Fn::If"]))
        return bool(value == {"Ref": _NO_VALUE})

    def _branch(self, argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return then if self._holds(self.template["Conditions"][condition]) else otherwise

    def _holds(self, condition: Mapping[str, Any]) -> bool:
        ((name, argument),) = condition.items()
        if name == "Condition":
            return self._holds(self.template["Conditions"][argument])
        if name == "Fn::Equals":
            first, second = self.resolve(argument)
            return bool(first == second)
        results = [self._holds(one) for one in argument]
        return {"Fn::And": all(results), "Fn::Or": any(results), "Fn::Not": not results[0]}[name]

    def _substitute(self, argument: Any) -> str:
        text, given = argument if isinstance(argument, list) else (argument, {})
        values = {**self._values, **self.resolve(given)}

        def replace(match: re.Match[str]) -> str:
            is_literal, name = match.groups()
            if is_literal:
                return f"${{{name}}}"
            if name in values:
                return str(values[name])
            return str(self._attribute(*name.split(".")) if "." in name else self._refer(name))

        return _REFERENCE.sub(replace, text)

    @cached_property
    def _values(self) -> dict[str, Any]:
        defaults = {
            name: declared["Default"]
            for name, declared in self.template.get("Parameters", {}).items()
            if "Default" in declared
        }
        return {**_PSEUDO, "AWS::Region": self.region, **defaults, **self.parameters}
