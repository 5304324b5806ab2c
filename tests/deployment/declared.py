"""What a service's app.py declares, read off its Chalice app: `python declared.py`, in the service's folder, prints it as JSON."""

import json
import re
import sys
from pathlib import Path
from typing import Any


def ways_in(app: Any) -> dict[str, Any]:
    """Routes with their authorizers, triggers of each Lambda, schedules, and the Lambdas that are only called."""
    return {
        "routes": {
            f"{method} {path}": entry.authorizer.name if entry.authorizer else None
            for path, methods in app.routes.items()
            for method, entry in methods.items()
        },
        "preflights": sorted(
            path for path, methods in app.routes.items() if _is_open(methods.values())
        ),
        "triggers": {
            source.name: found for source in app.event_sources if (found := _trigger(source))
        },
        "schedules": {
            source.name: _text(source.schedule_expression)
            for source in app.event_sources
            if hasattr(source, "schedule_expression")
        },
        "lambdas": sorted(
            handler.name
            for handlers in (
                app.event_sources,
                app.pure_lambda_functions,
                app.builtin_auth_handlers,
            )
            for handler in handlers
        ),
    }


def _is_open(entries: Any) -> bool:
    """Whether web pages of another origin may ask."""
    return any(entry.cors for entry in entries)


def _trigger(source: Any) -> list[Any] | None:
    """Where a Lambda's events come from, how many at once, and from where in a stream."""
    if hasattr(source, "stream_arn"):
        table = re.search("table/([^/]+)/", source.stream_arn)
        return [f"stream of {table and table[1]}", source.batch_size, source.starting_position]
    if hasattr(source, "queue"):
        return [f"queue {source.queue}", source.batch_size, None]
    return None


def _text(expression: Any) -> str:
    return expression if isinstance(expression, str) else expression.to_string()


if __name__ == "__main__":
    # As the Chalice CLI does: https://github.com/aws/chalice/blob/master/chalice/cli/factory.py
    sys.path[:0] = [str(Path.cwd()), str(Path.cwd() / "vendor")]
    from app import app

    json.dump(ways_in(app), sys.stdout)
