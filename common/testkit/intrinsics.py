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
_REFERENCE = re.compile(r"\$\{(!?)([^}]+)\}")


@dataclass(frozen=True)
class Resolver:
    """A template with values of its parameters; those without one have their default."""

    template: Mapping[str, Any]
    region: str
    parameters: Mapping[str, Any]

    def resolve(self, value: Any) -> Any:
        """Return the value without functions. A resource is referred to by its logical id."""
        if isinstance(value, list):
            return [self.resolve(one) for one in value if not self._is_absent(one)]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (found := self._function(*next(iter(value.items())))):
            return found[0]
        return {key: self.resolve(one) for key, one in value.items() if not self._is_absent(one)}

    def _function(self, name: str, argument: Any) -> tuple[Any] | None:
        if name == "Ref":
            return (self._values.get(argument, argument),)
        if not name.startswith("Fn::"):
            return None
        if name == "Fn::If":
            return (self.resolve(self._branch(argument)),)
        if name == "Fn::Sub":
            return (self._substitute(argument),)
        if name == "Fn::GetAtt":
            return (".".join(argument) if isinstance(argument, list) else argument,)
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
        raise NotImplementedError(f"{name} is not resolved here: {argument}")

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

        def replace(found: re.Match[str]) -> str:
            return f"${{{found[2]}}}" if found[1] else str(values.get(found[2], found[2]))

        return _REFERENCE.sub(replace, text)

    @cached_property
    def _values(self) -> dict[str, Any]:
        defaults = {
            name: declared["Default"]
            for name, declared in self.template.get("Parameters", {}).items()
            if "Default" in declared
        }
        return {**_PSEUDO, "AWS::Region": self.region, **defaults, **self.parameters}
