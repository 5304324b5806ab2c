"""Scan tracked and untracked files for keys, tokens and passwords.

Ignored files are not scanned.
"""

import math
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.paths import ROOT

_PATTERNS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a key of AWS": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a key of Stripe": re.compile(r"\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}"),
    "the secret of a webhook": re.compile(r"\bwhsec_[A-Za-z0-9+/]{16,}"),
    "a key of Razorpay": re.compile(r"\brzp_(?:live|test)_[A-Za-z0-9]{14,}"),
    "a token of GitHub": re.compile(r"\bgh[opsu]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}"),
    "a token of Slack": re.compile(r"\bxox[abprs]-[\w-]{10,}"),
    "a JSON Web Token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
}
_ASSIGNED = re.compile(
    r"(?:secret|token|password|passwd|credential|(?:api|access|private|signing)_?key)\w*[\"']?\s*[:=]\s*[\"']?"
    r"(?P<value>[A-Za-z0-9+/_=-]{20,})",
    re.I,
)
_GUESSABLE_BITS = (
    3.0  # a character: words have less than random letters, though not by much in short texts
)
_LARGEST = 2_000_000
_NEVER = {".git", ".venv", ".local", "build", "node_modules", "__pycache__"}


@dataclass(frozen=True)
class Secret:
    """A suspected secret and its place."""

    file: str
    line: int
    what: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: {self.what}: {self.text[:12]}..."
        return f"{place} Remove it, and rotate it."


@dataclass(frozen=True)
class Allowed:
    """A false positive, with the reason. Reported once it is gone."""

    file: str
    text: str
    reason: str


ALLOWED = (
    Allowed(
        "common/devcloud/tests/test_lambda.py",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "the access key of AWS's own documentation, which opens nothing",
    ),
)


def main() -> int:
    """Scan. 1 if there is a secret, or an exception that nothing needs."""
    secrets = list(scan(ROOT, files(ROOT)))
    problems = [str(each) for each in secrets if not _is_allowed(each, ALLOWED)]
    problems += [f"not needed any more: {each}" for each in unneeded(secrets, ALLOWED)]
    print("\n".join(problems) or "no secrets in the repository")
    return 1 if problems else 0


def files(root: Path) -> list[Path]:
    """List what git tracks or would add. Without git, what the Makefile does not make."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if tracked.returncode == 0:
        return sorted({root / name for name in tracked.stdout.split("\0") if name})
    return sorted(_walked(root))


def scan(root: Path, among: Iterable[Path]) -> Iterator[Secret]:
    """Scan text files for suspected secrets."""
    for path in among:
        if not path.is_file() or path.is_symlink() or path.stat().st_size > _LARGEST:
            continue
        text = path.read_bytes().decode(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            for what, secret in _in_line(line):
                yield Secret(str(path.relative_to(root)), number, what, secret)


def unneeded(secrets: Sequence[Secret], allowed: Sequence[Allowed]) -> list[Allowed]:
    """List the exceptions that match nothing."""
    return [each for each in allowed if not any(_is_allowed(one, [each]) for one in secrets)]


def _in_line(line: str) -> Iterator[tuple[str, str]]:
    known = [(what, match[0]) for what, look in _PATTERNS.items() for match in look.finditer(line)]
    yield from known
    for match in _ASSIGNED.finditer(line):
        value = match["value"]
        if _is_random(value) and not any(value in text or text in value for _, text in known):
            yield "a secret that is written out", value


def _is_random(text: str) -> bool:
    """Whether it mixes letters and digits, none of them often."""
    if not (re.search(r"\d", text) and re.search(r"[A-Za-z]", text)):
        return False
    bits = -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
    return bits > _GUESSABLE_BITS


def _is_allowed(secret: Secret, allowed: Iterable[Allowed]) -> bool:
    return any((secret.file, secret.text) == (each.file, each.text) for each in allowed)


def _walked(root: Path) -> Iterator[Path]:
    for directory, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _NEVER]
        yield from (Path(directory, name) for name in names)


if __name__ == "__main__":
    sys.exit(main())
