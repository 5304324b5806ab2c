"""Fakes of other services' Lambdas and of task tokens, below botocore."""

import io
import json
from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody

from chalicelib.payments.models import Payment
from common import aws

Answer = Callable[[dict[str, Any]], Any]


class LambdaError(Exception):
    """What a neighbour's Lambda raised: the name of its error, and the message."""

    def __init__(self, error: str, message: str = "no") -> None:
        super().__init__(error, message)
        self.error, self.message = error, message


class AwsInterceptor:
    """Between the orchestrator and AWS."""

    def __init__(self) -> None:
        self._tapped: list[tuple[Any, str, Any]] = []

    def restore(self) -> None:
        """Let everything through again."""
        for events, name, handler in self._tapped:
            events.unregister(name, handler)

    def _tap(self, client: Any, name: str, handler: Any, first: bool = False) -> None:
        events = client.meta.events
        (events.register_first if first else events.register)(name, handler)
        self._tapped.append((client.meta.events, name, handler))

    def answer(self, service: str, operation: str, answer: Callable[[dict[str, Any]], Any]) -> None:
        """Answer the calls of one operation here. None lets the call through."""

        def before(params: dict[str, Any], model: Any, context: Any, **_: Any) -> Any:
            output = answer(context["asked"])
            return (
                None if output is None else (_response(400 if "Error" in output else 200), output)
            )

        def remember(params: dict[str, Any], context: Any, **_: Any) -> None:
            context["asked"] = params

        self._tap(
            aws.client(service), f"provide-client-params.{_event(service)}.{operation}", remember
        )
        self._tap(aws.client(service), f"before-call.{_event(service)}.{operation}", before)

    def fail_calls(self, service: str, operation: str, times: int = 1, after: bool = False) -> None:
        """Break the connection of the next calls, before or after they had effect."""
        left = [times]

        def broken(**_: Any) -> None:
            if left[0] > 0:
                left[0] -= 1
                raise ReadTimeoutError(endpoint_url=service)

        moment = "after-call" if after else "before-call"
        self._tap(
            aws.client(service), f"{moment}.{_event(service)}.{operation}", broken, first=True
        )

    def fail_nth_call(self, operation: str, at: int) -> None:
        """Break the connection of the `at`-th such call on the table of payments."""
        client = Payment._get_connection().connection.client
        seen = [0]

        def broken(**_: Any) -> None:
            seen[0] += 1
            if seen[0] == at:
                raise ReadTimeoutError(endpoint_url="dynamodb")

        self._tap(client, f"before-call.dynamodb.{operation}", broken, first=True)


class LambdaFakes:
    """Lambdas of other services, by their function names."""

    def __init__(self, interceptor: AwsInterceptor) -> None:
        self.answers: dict[str, Answer] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        interceptor.answer("lambda", "Invoke", self._invoke)

    def called(self, name: str) -> list[dict[str, Any]]:
        """What one function was called with."""
        return [payload for called, payload in self.calls if called == name]

    def _invoke(self, params: dict[str, Any]) -> Any:
        name, payload = params["FunctionName"], json.loads(params["Payload"])
        self.calls.append((name, payload))
        try:
            return _lambda(self.answers[name](payload))
        except LambdaError as problem:
            return {
                **_lambda({"errorType": problem.error, "errorMessage": problem.message}),
                "FunctionError": "Unhandled",
            }


class TaskTokenFake:
    """Sagas that wait with a task token, and what each was resumed with."""

    def __init__(self, interceptor: AwsInterceptor) -> None:
        self.results: dict[str, Any] = {}
        self.used: set[str] = set()
        interceptor.answer(
            "stepfunctions",
            "SendTaskSuccess",
            lambda params: self._tell(params, json.loads(params["output"])),
        )
        interceptor.answer(
            "stepfunctions", "SendTaskFailure", lambda params: self._tell(params, params["error"])
        )

    def _tell(self, params: dict[str, Any], what: Any) -> Any:
        token = params["taskToken"]
        if token in self.used:
            return {"Error": {"Code": "TaskTimedOut", "Message": "Task Timed Out"}}
        self.used.add(token)
        self.results[token] = what
        return {}


def _event(service: str) -> str:
    return aws.client(service).meta.service_model.service_id.hyphenize()


def _response(status: int) -> AWSResponse:
    return AWSResponse("http://127.0.0.1", status, {}, io.BytesIO())


def _lambda(body: Any) -> dict[str, Any]:
    raw = json.dumps(body).encode()
    return {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(raw), len(raw))}
