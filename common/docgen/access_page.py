"""Generate docs/access.md from the access matrix and OpenAPI: `make access`."""

import json
import re
from typing import Any

from delivery.paths import ROOT
from docgen.openapi.shop import FOLDER
from testkit.access_matrix import RIGHTS, Right, Way, Who

PAGE = ROOT / "docs/access.md"

_HEAD = """# Access

Generated from `common/testkit/access_matrix.py` by `make access`. `tests/access` calls each route
in every way that it must reject, and fails for a route that is missing here. The caller is
identified by the access token alone, whose role is `customer` or `admin`.

| caller | rejected with |
|---|---|
| any authenticated caller | 401 without a valid token, from API Gateway. Customers access their \
own resources only: another customer's `userId`, where the table allows one, is 403 `NotYours`, \
except for an admin |
| admins | 403 `AdminOnly` for everybody else |
| holders of the secret in the request | 400, 401 or 404 for a missing or wrong secret: a refresh \
token, a mail's token, or the header `X-Guest-Cart` |

*own only*: another customer's resource is 404, as if it did not exist.

Lambdas without a route are called with IAM permissions only: see the policies beside each
service's `.chalice/config.json`.

## Browsers

Every response has `X-Content-Type-Options: nosniff`, `Strict-Transport-Security`,
`Referrer-Policy: no-referrer` and, unless the route says otherwise, `Cache-Control: no-store`.
Responses of Lambdas also have a `Content-Security-Policy` that allows no scripts. API Gateway's
own error responses cannot have it: API Gateway puts static values in single quotes, which the
words of that header need themselves.

CORS is configured by the setting `CORS_ORIGINS` of the stage in `common/delivery/stages.toml`: the
allowed origins (`*`: all of them). Set it before packaging, because API
Gateway answers preflight requests itself.

| stage | allowed origins |
|---|---|
| `local` | port 3000 of localhost, port 5173 of localhost and 127.0.0.1, and the front door |
| others | none; preflight requests are not answered |

| response | origin that it names |
|---|---|
| of Lambdas | the request's origin, if it is listed |
| to preflight requests, one origin listed | that one |
| to preflight requests, several listed | the request's origin, by a mapping template that `make \
package` and `make deploy` add; by `chalice deploy`, the first one only |
| API Gateway's own error responses | the origin if there is one, `*` if there are several; they \
hold nothing but a fixed text |

**Not tested:** the mapping templates on AWS. The local cloud imitates what they do.
"""


def page() -> str:
    """The page that a person reads."""
    paths = json.loads((FOLDER / "shop.json").read_text())["paths"]
    return _HEAD + "".join(_section(service, grants, paths) for service, grants in RIGHTS.items())


def main() -> None:
    """Write it."""
    PAGE.write_text(page())


def _section(service: str, grants: dict[Way, Right], paths: Any) -> str:
    rows = "".join(_row(way, right, paths) for way, right in grants.items())
    return f"\n## {service}\n\n| route | caller | scope | summary |\n|---|---|---|---|\n{rows}"


def _row(way: Way, right: Right, paths: Any) -> str:
    method, path = way[0], re.sub(r"_(\w)", lambda match: match[1].upper(), way[1])
    operation = paths[path][method.lower()]
    cells = f"{right.who} | {_whose(right, operation)} | {operation['summary']}"
    return f"| `{method} {path}` | {cells} |\n"


def _whose(right: Right, operation: Any) -> str:
    if right.owned:
        return "own only"
    if right.who is not Who.CUSTOMER:
        return ""
    queried = [parameter["name"] for parameter in operation.get("parameters", [])]
    if "userId" in queried:
        return "own, or `userId` in the query"
    return "own, or `userId` in the body" if _takes_user(operation) else "own"


def _takes_user(operation: Any) -> bool:
    content = operation.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    schemas = json.loads((FOLDER / "shop.json").read_text())["components"]["schemas"]
    return "userId" in schemas.get(reference.rsplit("/", 1)[-1], {}).get("properties", {})


if __name__ == "__main__":
    main()
