"""One handler in a fresh process, as Lambda runs it: `python -S in_lambda.py TASK`; prints figures as JSON. Started by cold_start.py.

TASK (JSON): `paths` to import from, `handler`, `also` (a module to import), `event` for a first call, `answers` of AWS by operation,
`warm`: how many further calls to time beside as many raw calls of botocore. AWS's answers come from memory; all above HTTP is real.
"""

import io
import json
import os
import sys
import time

task = json.loads(sys.argv[1])
sys.path[:0] = task["paths"]
if task.get("handler"):
    os.environ["_HANDLER"] = task["handler"]


class Context:
    """What Lambda tells a call."""

    function_name, memory_limit_in_mb, aws_request_id = "f", 512, "1"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:f"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Time enough."""
        return 30_000


def answer_from_memory() -> None:
    """Let no request leave the process."""
    from urllib3 import connectionpool
    from urllib3.response import HTTPResponse

    def urlopen(pool, method, url, *given, **request):  # type: ignore[no-untyped-def]
        target = {str(name).lower(): value for name, value in request["headers"].items()}[
            "x-amz-target"
        ]
        operation = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        raw = json.dumps(task["answers"][operation]).encode()
        headers = {"Content-Type": "application/x-amz-json-1.0", "Content-Length": str(len(raw))}
        return HTTPResponse(
            io.BytesIO(raw), headers, 200, preload_content=False, request_method=method
        )

    connectionpool.HTTPConnectionPool.urlopen = urlopen  # type: ignore[method-assign]


def timed(act, times=1):  # type: ignore[no-untyped-def]
    """Processor time in milliseconds for each of so many."""
    began = time.process_time()
    for _ in range(times):
        answer = act()
    return (time.process_time() - began) * 1000 / times, answer


def load():  # type: ignore[no-untyped-def]
    """What is under test: a handler, or what the budgets are relative to."""
    if not task.get("handler"):
        import boto3

        return boto3.client("dynamodb")
    module, _, name = task["handler"].partition(".")
    handler = getattr(__import__(module), name)
    if task.get("also"):
        __import__(task["also"])
    return handler


def call():  # type: ignore[no-untyped-def]
    """One invocation; a route that does not answer 200 is not what was to be timed."""
    answer = handler(task["event"], Context())
    assert not isinstance(answer, dict) or answer.get("statusCode", 200) == 200, answer
    return answer


def shares(calls):  # type: ignore[no-untyped-def]
    """By package, its part of a call's time; what Python's own library does is put down to the package that asked for it."""
    import cProfile
    import pstats

    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(calls):
        call()
    profiler.disable()
    seen = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    spent: dict[str, float] = {}

    def put_down(function, seconds, asked=()):  # type: ignore[no-untyped-def]
        callers = {who: part[2] for who, part in seen[function][4].items() if who not in asked}
        total = sum(callers.values())
        if (package := package_of(function[0])) or not total:
            spent[package or "Python"] = spent.get(package or "Python", 0) + seconds
            return
        for who, part in callers.items():
            put_down(who, seconds * part / total, (*asked, function))

    for function, (_, _, seconds, _, _) in seen.items():
        put_down(function, seconds)
    return {package: seconds / sum(spent.values()) for package, seconds in spent.items()}


def package_of(file):  # type: ignore[no-untyped-def]
    """The package that this file of the zip or the runtime is in; None if it is Python's own."""
    if file[0] not in "/<~":  # compiled before it was packed, it knows its place in the zip
        return file.partition("/")[0]
    for path in task["paths"]:
        if file.startswith(path + "/"):
            return file[len(path) + 1 :].partition("/")[0].removesuffix(".py")
    return None


figures: dict[str, object] = {}
figures["start"], handler = timed(load)
if "event" in task:
    answer_from_memory()
    figures["first"], _ = timed(call)
if task.get("warm"):
    import botocore.session

    session = botocore.session.get_session()
    session.set_default_client_config(None)  # the shop's: raw is as botocore comes
    raw = session.create_client("dynamodb")
    key = {"TableName": "T", "Key": {"id": {"S": "1"}}, "ConsistentRead": True}
    for _ in range(50):
        call(), raw.get_item(**key)
    figures["warm"] = [
        [timed(call, task["warm"])[0], timed(lambda: raw.get_item(**key), task["warm"])[0]]
        for _ in range(9)
    ]
    figures["shares"] = shares(task["warm"])
print(json.dumps(figures), file=sys.__stdout__)
