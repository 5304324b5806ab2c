"""Set what the local cloud needs otherwise than the machine has it.

Every command calls `prepare` first.
"""

import os
import resource

_OPEN_FILES = 10_240  # macOS starts shells with 256, and takes no more than this
_ENOUGH_FILES = 1024  # a shop under load fails with 256
_LOCAL = ("127.0.0.1", "localhost")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def prepare() -> None:
    """Prepare this process, and those that it starts. Idempotent."""
    bypass_proxies()
    raise_open_files()


def bypass_proxies() -> None:
    """Call this machine directly, and the rest of the world by its proxies.

    A SOCKS proxy is left out: no HTTP client here supports it, and httpx does not start with one.
    """
    known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host.strip() for host in known.split(",") if host.strip()]
    hosts += [host for host in _LOCAL if host not in hosts]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = ",".join(hosts)
    for name in (*_PROXIES, *map(str.upper, _PROXIES)):
        if os.environ.get(name, "").lower().startswith("socks"):
            del os.environ[name]


def raise_open_files() -> None:
    """Raise how many files a process may have open, as far as this machine lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def find_shortage() -> str | None:
    """Return a sentence if this prepared process may open too few files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY or files >= _ENOUGH_FILES:
        return None
    return (
        f"This shell allows {files} open files (ulimit -Hn), and a busy shop needs {_ENOUGH_FILES}:"
        " if it fails, start it from a new shell."
    )
