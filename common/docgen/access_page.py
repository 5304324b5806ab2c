"""Writes docs/access.md, who may call what, from testkit.access_matrix and the documents of the routes: `make access`."""

import json
import re
from typing import Any

from delivery.paths import ROOT
from docgen.openapi.shop import FOLDER
from testkit.access_matrix import RIGHTS, Right, Way, Who

PAGE = ROOT / "docs/access.md"

_HEAD = """# Who may call what

Made by `make access` from `common/testkit/access_matrix.py`; `tests/access` asks each route in every way that it must refuse, and fails
for a route that is missing here. Who calls is told by the access token alone: its role is `customer` or `admin`.

- *whoever is logged in*: without a token to be believed 401, as API Gateway answers. One's own things only: `userId` may be named
  where the table says so, another's is 403 `NotYours`, but for an admin.
- *admins*: everybody else gets 403 `AdminOnly`.
- *whoever has the secret*: a refresh token, a mail's token, or the header `X-Guest-Cart`. A wrong one, or
  none, is 400, 401 or 404.
- *its own only*: what is somebody else's is answered like what does not exist, 404.

Lambdas without a route are for IAM alone: the policies beside each service's `.chalice/config.json`.

## Browsers

Every answer has `X-Content-Type-Options: nosniff`, `Strict-Transport-Security`, `Referrer-Policy: no-referrer`, `Cache-Control: no-store`
unless the route says otherwise, and from the Lambdas a `Content-Security-Policy` under which nothing runs. API Gateway's own refusals have
all but the last: its static values stand in single quotes, and so do the words of that header.

Web pages of other origins may use the shop if the setting `CORS_ORIGINS` of the stage names them, apart by blanks (`*`: all of them). On the stage
`local` these are http://localhost:3000 and the front door; elsewhere none, and then preflight requests are not answered. It is set for each
service in `.chalice/config.json`, before packaging: API Gateway answers preflight requests by itself.

- Answers of the Lambdas name the origin that asked, if it is listed.
- Preflight requests: with one origin API Gateway names that one. With several `make package` and `make deploy` add a mapping template that names
  the one that asked; `chalice deploy` does not, and there the first one alone gets through. **Not tried:** such templates on AWS itself; the
  local cloud does not evaluate them, and names the first origin whoever asks.
- API Gateway's own refusals name the origin if there is one, and `*` if there are several. They hold nothing but a fixed text.
"""


def page() -> str:
    """The page that a person reads."""
    paths = json.loads((FOLDER / "shop.json").read_text())["paths"]
    return _HEAD + "".join(_section(service, rights, paths) for service, rights in RIGHTS.items())


def main() -> None:
    """Write it."""
    PAGE.write_text(page())


def _section(service: str, rights: dict[Way, Right], paths: Any) -> str:
    rows = "".join(_row(way, right, paths) for way, right in rights.items())
    return f"\n## {service}\n\n| route | for | whose | |\n|---|---|---|---|\n{rows}"


def _row(way: Way, right: Right, paths: Any) -> str:
    method, path = way[0], re.sub(r"_(\w)", lambda found: found[1].upper(), way[1])
    operation = paths[path][method.lower()]
    return f"| `{method} {path}` | {right.who} | {_whose(right, operation)} | {operation['summary']} |\n"


def _whose(right: Right, operation: Any) -> str:
    if right.owned:
        return "its own only"
    if right.who is not Who.CUSTOMER:
        return ""
    queried = [parameter["name"] for parameter in operation.get("parameters", [])]
    if "userId" in queried:
        return "one's own, or `userId` in the query"
    return "one's own, or `userId` in the body" if _takes_user(operation) else "one's own"


def _takes_user(operation: Any) -> bool:
    content = operation.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    schemas = json.loads((FOLDER / "shop.json").read_text())["components"]["schemas"]
    return "userId" in schemas.get(reference.rsplit("/", 1)[-1], {}).get("properties", {})


if __name__ == "__main__":
    main()
