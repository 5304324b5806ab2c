"""Inject faults into a Lambda process. Never packaged, loaded by the local cloud.

Every side effect of a Lambda is an HTTP request, and all of botocore, PynamoDB and the gateways'
SDKs go through urllib3, so none can be missed. The plan says which request fails, and how.
"""

import importlib.util
import json
import os
import random
import re
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

KILLED = 137
_READS = re.compile(r"Get|Query|Scan|BatchGet|Describe|List|Receive")
_ID = re.compile(r"/(?:pi|ch|re|pay|order|rfnd)_\w+")
# Writes that DynamoDB rejects during another transaction on the same item.
_WRITES = re.compile(r"dynamodb:(TransactWriteItems|(Put|Update|Delete)Item) ")

Plan = dict[str, Any]


def _beside(name: str) -> Any:
    """Load a module of this folder, since a Lambda's process lacks the package."""
    spec = importlib.util.spec_from_file_location(
        f"faults_{name}", Path(__file__).with_name(f"{name}.py")
    )
    assert spec, "a file has one"
    assert spec.loader, "a file has one"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_iam_usage = _beside("iam_usage")
_meter = _beside("meter")
_error_responses = _beside("error_responses")


class FaultInjector:
    """The faults of one process."""

    def __init__(self, directory: str, function: str) -> None:
        self._directory, self._function = directory, function
        self._read_at, self._plan = -1, Plan()
        self._event, self._seen = "", dict[str, int]()
        self._dice = random.Random()
        self._recorded: set[tuple[str, str]] = set()

    def begin(self, event: Any) -> None:
        """Begin an invocation, identified by its event."""
        self._event, self._seen = json.dumps(event, default=str), {}
        self._read()
        self._count_invocation(event)
        clock = self._plan.get("clock") or {}
        _shift_clock(clock["seconds"] if clock.get("function") in ("", self._function) else 0)

    def send(self, send: Any, pool: Any, method: str, url: str, **request: Any) -> Any:
        """Send a request, or inject the fault that is planned for it."""
        call, body = _call_name(pool.host, method, url, request), _text(request.get("body"))
        self._record(url, request)
        number = self._seen[call] = self._seen.get(call, 0) + 1
        how = self._fault(call, number, f"{url} {request.get('headers')} {body}")
        if how == "before":
            os._exit(KILLED)
        if how in ("throttled", "error"):
            return _error_responses.overload(call, how, method)
        if how == "conflict":
            return _error_responses.conflict(body, method)
        if how == "slow":
            time.sleep(self.slow_seconds)
        answer = self._send(send, pool, method, url, call, request)
        if how == "after":
            os._exit(KILLED)
        if how == "lost":
            from urllib3.exceptions import ReadTimeoutError

            answer.close()
            raise ReadTimeoutError(pool, url, "the answer got lost on its way")
        return answer

    @property
    def slow_seconds(self) -> float:
        """How long a slow answer takes."""
        return float(self._plan["rates"]["slowSeconds"])

    def fault(self, call: str, request: str) -> str | None:
        """Return the fault of a call outside of invocations, if any, by its request."""
        self._read()
        return self._fault(call, 1, request)

    def _fault(self, call: str, number: int, request: str) -> str | None:
        """Return the fault of this request, if any. A planned fault happens once."""
        effect = not _is_read(call)
        point = {"function": self._function, "call": call, "number": number}
        if effect and self._plan.get("trace"):
            tags = [tag for tag in self._plan["trace"] if tag in self._event or tag in request]
            self._note("trace", {**point, "tags": tags})
        for fault in self._plan.get("faults", ()):
            planned = all(fault[name] == value for name, value in point.items())
            if planned and self._is_about(fault["tags"], request) and self._claim(fault["id"]):
                return self._fired(point, fault["how"])
        rates = self._plan.get("rates") or {}
        for how in ("before", "after", "lost", "throttled", "error", "slow", "conflict"):
            if _is_possible(how, call) and self._dice.random() < rates.get(how, 0):
                return self._fired(point, how)
        return None

    def _send(
        self, send: Any, pool: Any, method: str, url: str, call: str, request: dict[str, Any]
    ) -> Any:
        """Send the request, and meter it if metering is on."""
        if not self._plan.get("meter"):
            return send(pool, method, url, **request)
        body, units = _text(request.get("body")), {}
        if call.startswith("dynamodb:"):
            operation = call.partition(":")[2].split()[0]
            answer = send(pool, method, url, **_meter.request_units(operation, request))
            answer, units = _meter.read_units(operation, body, answer, method)
        else:
            answer = send(pool, method, url, **request)
            units = {"events": body.count('"DetailType"')} if call.startswith("events:") else {}
        self._count(call, f"{self._event} {body}", **units)
        return answer

    def _count(self, call: str, about: str, **more: Any) -> None:
        """Record a call that belongs to one of the correlation tags."""
        if tags := self._tags_in(about):
            self._note("metered", {"function": self._function, "call": call, "tags": tags, **more})

    def _tags_in(self, about: str) -> list[str]:
        return [tag for tag in self._plan.get("meter", ()) if tag in about]

    def _count_invocation(self, event: Any) -> None:
        """Record an invocation. Of a batch, only the records with one of the tags count."""
        records = event.get("Records", []) if isinstance(event, dict) else []
        about = [one for one in records if self._tags_in(json.dumps(one, default=str))]
        ids = [
            f"{one.get('eventSource')} {one.get('messageId') or one.get('eventID')}"
            for one in about
        ]
        self._count("invocation", self._event, records=ids)

    def _record(self, url: str, request: dict[str, Any]) -> None:
        """Record the permissions that a request needs, each once a process."""
        for access in _iam_usage.needed(url, _headers(request), _text(request.get("body"))):
            if access not in self._recorded:
                self._recorded.add(access)
                self._note(
                    "accesses",
                    {"function": self._function, "action": access[0], "resource": access[1]},
                )

    def _is_about(self, tags: list[str], request: str) -> bool:
        return any(tag in self._event or tag in request for tag in tags)

    def _claim(self, identifier: str) -> bool:
        """Claim a fault. False if it was claimed before."""
        try:
            os.close(os.open(f"{self._directory}/claimed-{identifier}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True

    def _fired(self, point: dict[str, Any], how: str) -> str:
        self._note("fired", {**point, "how": how})
        return how

    def _note(self, name: str, line: dict[str, Any]) -> None:
        file = os.open(f"{self._directory}/{name}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(file, (json.dumps(line) + "\n").encode())
        os.close(file)

    def _read(self) -> None:
        file = f"{self._directory}/plan.json"
        try:
            changed = os.stat(file).st_mtime_ns
            if changed == self._read_at:
                return
            with open(file) as plan:
                self._plan = json.load(plan)
        except (OSError, ValueError):
            return
        self._read_at = changed
        self._dice = random.Random(
            f"{(self._plan.get('rates') or {}).get('seed')} {self._function} {os.getpid()}"
        )


def install(directory: str) -> FaultInjector:
    """Intercept all HTTP requests of this process."""
    from urllib3 import connectionpool

    injector = FaultInjector(directory, os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""))
    send = connectionpool.HTTPConnectionPool.urlopen

    def urlopen(pool: Any, method: str, url: str, *given: Any, **request: Any) -> Any:
        named = dict(zip(("body", "headers"), given, strict=False))
        return injector.send(send, pool, method, url, **named, **request)

    connectionpool.HTTPConnectionPool.urlopen = urlopen  # type: ignore[method-assign, assignment]
    return injector


def _call_name(host: str, method: str, url: str, request: dict[str, Any]) -> str:
    """Name a request: `dynamodb:PutItem Payments`, `POST /v1/orders/{id}`."""
    headers = _headers(request)
    path, body = urlsplit(url).path, _text(request.get("body"))
    if target := headers.get("x-amz-target"):
        service, _, operation = target.partition(".")
        return f"{_service(service)}:{operation}{_subject(operation, body)}"
    if "/functions/" in path:
        return f"lambda:Invoke {path.split('/functions/')[1].split('/')[0]}"
    if "amz-sdk-invocation-id" in headers:
        return f"aws:{parse_qs(body).get('Action', [method])[0]}"
    return f"{method} {_ID.sub('/{id}', path)}"


def _headers(request: dict[str, Any]) -> dict[str, str]:
    return {
        str(name).lower(): _text(value) for name, value in (request.get("headers") or {}).items()
    }


def _service(target: str) -> str:
    return re.sub(r"^Amazon|^AWS|_\d+$", "", target).lower()


def _subject(operation: str, body: str) -> str:
    """Return the tables or the queue of a request."""
    try:
        asked = json.loads(body)
    except ValueError:
        return ""
    if queue := asked.get("QueueUrl"):
        return f" {queue.rsplit('/', 1)[-1]}"
    if operation == "TransactWriteItems":
        tables = sorted(
            {each["TableName"] for item in asked["TransactItems"] for each in item.values()}
        )
        return f" {'+'.join(tables)}"
    return f" {asked['TableName']}" if "TableName" in asked else ""


def _is_read(call: str) -> bool:
    operation = call.split(":", 1)[-1]
    return call.startswith("GET ") or bool(_READS.match(operation))


def _is_possible(how: str, call: str) -> bool:
    """Whether this fault applies: a lost read has no effect."""
    if how == "conflict":
        return bool(_WRITES.match(call))
    return how in ("throttled", "error", "slow") or not _is_read(call)


def _shift_clock(seconds: float) -> None:
    """Advance the shop's own clock, and no other."""
    clock = sys.modules.get("common.clock")
    if clock is None:
        return

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=seconds)

    clock.__dict__["datetime"] = Shifted if seconds else datetime


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode(errors="replace")
    return value if isinstance(value, str) else "" if value is None else str(value)
