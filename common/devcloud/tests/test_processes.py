import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from socket import socket

import pytest

from devcloud import cli, shop
from devcloud.processes import PortTaken, Process, ProcessFailed, require_free
from devcloud.tests.support.local_aws import eventually
from testkit.pythons import find_free_ports

COMMON = Path(__file__).parents[2]


@pytest.fixture
def sleeper(tmp_path):
    process = Process(tmp_path, "sleeper")
    process.start("http.server", ["0"], {})
    yield process
    process.stop()


def test_a_process_is_known_by_another_look_at_its_directory(sleeper, tmp_path):
    assert Process(tmp_path, "sleeper").pid == sleeper.pid is not None


def test_a_stopped_process_is_gone(sleeper):
    pid = sleeper.pid

    assert sleeper.stop() is True
    assert sleeper.pid is None
    assert os.waitpid(pid, 0)[0] == pid
    assert sleeper.stop() is False


def test_a_number_that_now_belongs_to_another_program_is_left_alone(sleeper, tmp_path):
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    note = tmp_path / "run" / "sleeper.json"
    known = note.read_text()
    note.write_text(json.dumps(json.loads(known) | {"pid": other.pid}))

    assert sleeper.stop() is False
    assert other.poll() is None

    note.write_text(known)
    other.communicate(b"\n")


def test_a_process_that_ends_at_once_tells_why(tmp_path):
    process = Process(tmp_path, "broken")
    process.start("no_such_module", [], {})

    with pytest.raises(ProcessFailed, match="No module named no_such_module"):
        process.await_answer(lambda: False)


def test_a_taken_port_is_named():
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(PortTaken, match=f"Port {port} is taken: "):
            require_free(port)


def test_nothing_is_left_running_where_a_port_is_taken(tmp_path, capsys):
    port = find_free_ports()
    with socket() as taken:
        taken.bind(("127.0.0.1", port + 2))  # Stripe's is not the first that is wanted
        taken.listen()

        status = cli.main(["up", "--port", str(port), "--dir", str(tmp_path)])

    assert status == 1
    assert f"Port {port + 2} is taken" in capsys.readouterr().err
    assert [process.pid for process in shop.processes(tmp_path)] == [None, None, None, None]


@pytest.mark.parametrize(
    "malformed",
    [["up", "--port", "eighty"], ["up", "--port", "80"], ["fly"], [], ["deploy", "cart-service"]],
)
def test_nonsense_is_refused_with_status_2(malformed, capsys):
    assert cli.main(malformed) == 2
    assert "--help`." in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["redrive"],
        ["logs", "cart-service"],
        ["deploy", "cart-service", "--stage", "local"],
    ],
)
def test_commands_that_need_a_shop_say_so(command, tmp_path, capsys):
    assert cli.main([*command, "--dir", str(tmp_path)]) == 1
    assert "Start it with `make up`." in capsys.readouterr().err


def test_an_unknown_service_is_told(capsys):
    assert cli.main(["package", "basket-service"]) == 1
    assert "basket-service is not a service" in capsys.readouterr().err


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_what_a_test_run_started_ends_with_it_however_it_is_ended(tmp_path, end):
    program = f"""
import time
from pathlib import Path
from devcloud.processes import Process
process = Process(Path({str(tmp_path)!r}), "sleeper")
process.start("http.server", ["0"], {{}})
print(process.pid, flush=True)
time.sleep(60)
"""
    run = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=COMMON
    )
    assert int(run.stdout.readline()) == Process(tmp_path, "sleeper").pid

    run.send_signal(end)
    run.communicate()

    assert eventually(lambda: Process(tmp_path, "sleeper").pid is None)


def test_what_is_to_outlive_its_starter_does(tmp_path):
    program = f"""
from pathlib import Path
from devcloud.processes import Process
Process(Path({str(tmp_path)!r}), "sleeper").start("http.server", ["0"], {{}}, outlives_caller=True)
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=COMMON)

    assert Process(tmp_path, "sleeper").stop() is True
