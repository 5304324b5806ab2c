"""Run one handler in a fresh process as Lambda does, and print figures as JSON.

Run as `python -S in_lambda.py TASK` by cold_start.py. TASK (JSON) has `paths` to import from,
`handler`, `also` (a module to import), `event` for a first call, `answers` of AWS by operation,
and `warm`: how many further calls to time, beside as many raw calls of botocore. AWS's answers
come from memory, and everything above HTTP is real.
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
    """The context of an invocation."""

    function_name, memory_limit_in_mb, aws_request_id = "f", 512, "1"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:f"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Enough time."""
        return 30_000


def answer_from_memory() -> None:
    """Answer requests to AWS from memory."""
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
    """Milliseconds of processor time per call, and the last result."""
    began = time.process_time()
    for _ in range(times):
        answer = act()
    return (time.process_time() - began) * 1000 / times, answer


def load():  # type: ignore[no-untyped-def]
    """Import the handler, or create the client that budgets are relative to."""
    if not task.get("handler"):
        import boto3

        return boto3.client("dynamodb")
    module, _, name = task["handler"].partition(".")
    handler = getattr(__import__(module), name)
    if task.get("also"):
        __import__(task["also"])
    return handler


def call():  # type: ignore[no-untyped-def]
    """Invoke the handler. A route must answer with 200."""
    answer = handler(task["event"], Context())
    assert not isinstance(answer, dict) or answer.get("statusCode", 200) == 200, answer
    return answer


def shares(calls):  # type: ignore[no-untyped-def]
    """Each package's share of a call. The standard library counts for its caller."""
    import cProfile
    import pstats

    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(calls):
        call()
    profiler.disable()
    seen = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    spent: dict[str, float] = {}

    def attribute_time(function, seconds, visited=()):  # type: ignore[no-untyped-def]
        callers = {who: part[2] for who, part in seen[function][4].items() if who not in visited}
        total = sum(callers.values())
        if (package := package_of(function[0])) or not total:
            spent[package or "Python"] = spent.get(package or "Python", 0) + seconds
            return
        for who, part in callers.items():
            attribute_time(who, seconds * part / total, (*visited, function))

    for function, (_, _, seconds, _, _) in seen.items():
        attribute_time(function, seconds)
    return {package: seconds / sum(spent.values()) for package, seconds in spent.items()}


def package_of(file):  # type: ignore[no-untyped-def]
    """The package of this file, or None for the standard library."""
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
