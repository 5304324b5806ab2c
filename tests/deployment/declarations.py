"""Routes, triggers and Lambdas that a service's app.py declares, as JSON.

Run as `python declarations.py` in the service's folder.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any


def entry_points(app: Any) -> dict[str, Any]:
    """Routes with their authorizers, triggers and schedules of Lambdas, all Lambdas."""
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
            source.name: trigger for source in app.event_sources if (trigger := _trigger(source))
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
    """Whether a route of these allows CORS."""
    return any(entry.cors for entry in entries)


def _trigger(source: Any) -> list[Any] | None:
    """A Lambda's event source, its batch size, and its starting position in a stream."""
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

    json.dump(entry_points(app), sys.stdout)
