import json
import os
import subprocess
import sys

import pytest

from devcloud import machine
from devcloud.processes import Process

PROXIES = {"HTTP_PROXY": "http://127.0.0.1:9", "all_proxy": "http://127.0.0.1:9"}
LOOK = (
    "import json, os, resource, httpx\n"
    "from devcloud import machine\n"
    "machine.prepare()\n"
    "httpx.Client().close()\n"
    "print(json.dumps([dict(os.environ), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]))\n"
)


def prepared(**environment: str) -> tuple[dict[str, str], int]:
    """Environment and file limit of a prepared process that started with 256 files."""
    limited = ["sh", "-c", 'ulimit -S -n 256; exec "$@"', "sh", sys.executable, "-c", LOOK]
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": "."}
    done = subprocess.run(limited, env={**kept, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    variables, files = json.loads(done.stdout)
    return variables, files


def test_this_machine_is_called_past_every_proxy():
    variables, _ = prepared(**PROXIES, NO_PROXY="intranet.example")

    assert variables["NO_PROXY"] == variables["no_proxy"] == "intranet.example,127.0.0.1,localhost"
    # The world is called through them.
    assert {name: variables[name] for name in PROXIES} == PROXIES


def test_a_socks_proxy_does_not_stop_a_command():
    variables, _ = prepared(ALL_PROXY="socks5h://127.0.0.1:9", HTTPS_PROXY="http://proxy.example")

    assert "ALL_PROXY" not in variables
    assert variables["HTTPS_PROXY"] == "http://proxy.example"


def test_few_open_files_become_more():
    assert prepared()[1] > 1024


@pytest.mark.parametrize(("limit", "sentences"), [("-S", 0), ("", 1)])
def test_a_limit_that_cannot_be_raised_is_named(limit, sentences):
    look = "from devcloud import machine; machine.prepare(); print(machine.find_shortage() or '')"
    shell = f'ulimit {limit} -n 256; exec "$@"'
    done = subprocess.run(
        ["sh", "-c", shell, "sh", sys.executable, "-c", look],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": "."},
        capture_output=True,
        text=True,
    )

    assert done.stdout.count("256 open files") == sentences, done.stderr


@pytest.fixture
def sleeper(tmp_path, monkeypatch):
    for name, proxy in PROXIES.items():
        monkeypatch.setenv(name, proxy)
    process = Process(tmp_path, "sleeper")
    process.start("http.server", ["0"], {})
    yield process
    process.stop()


def test_a_process_of_the_shop_has_no_proxy_and_reads_utf_8(sleeper):
    done = subprocess.run(["ps", "eww", "-p", str(sleeper.pid)], capture_output=True, text=True)

    assert "PYTHONUTF8=1" in done.stdout
    assert "NO_PROXY=*" in done.stdout
    assert "HTTP_PROXY" not in done.stdout


def test_preparing_twice_changes_nothing_more(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "")  # restored afterwards
    monkeypatch.setenv("no_proxy", "localhost")
    machine.prepare()
    once = os.environ["no_proxy"]
    machine.prepare()

    assert os.environ["no_proxy"] == once == "localhost,127.0.0.1"
