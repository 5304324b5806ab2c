"""The commands of `make`: what they take, from whom, and what they refuse."""

import os
import re
import shlex
import subprocess

import pytest

from delivery.paths import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
# Not in GNU make 3.81, which macOS has, or not in a POSIX shell.
NEWER = {
    "make 3.82": r"\.ONESHELL|\.SHELLFLAGS|^define .*=|^undefine |^private ",
    "make 4.0": r"\$\(file |\$\(guile |!=|::=|\.LOADED|--output-sync",
    "make 4.2": r"\.SHELLSTATUS|\.EXTRA_PREREQS",
    "make 4.3": r"^[^\t#:=]+ &:|\.NOTINTERMEDIATE",
    "make 4.4": r"\$\(intcmp |\$\(let |\.WAIT",
    "a GNU shell": r"\[\[|\bexpand\b|sed -[rEi]|grep -[hPoE]|date -d|readlink|realpath|/bin/bash",
}
SHELL = {
    **dict.fromkeys(("PORT", "STAGE", "SERVICE", "NAME", "ROLE", "FILE", "LOCAL_DIR"), "other"),
    "DRY_RUN": "yes",
}


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """`make` as from a shell that sets what is given here."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
    )


def planned(*arguments: str, **environment: str) -> list[str]:
    """The words that `make` would give to the module that it runs last."""
    done = make("-n", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return shlex.split(done.stdout.replace("\\\n", " ").strip().splitlines()[-1])[3:]


def test_settings_of_the_command_line_reach_the_command():
    words = planned("up", "PORT=8100", "LOCAL_DIR=.other")
    assert words == ["up", "--port=8100", "--dir=.other"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("up", ["up"]),
        ("up LOCAL_DIR= PORT=", ["up"]),
        ("down", ["down"]),
        ("test", []),
        ("mutations", []),
        ("token", ["token", "customer"]),
        ("redrive", ["redrive"]),
        ("trace ORDER=1", ["trace", "1"]),
    ],
)
def test_settings_of_the_shell_are_not_meant(command: str, words: list[str]):
    assert planned(*command.split(), **SHELL) == words


def test_settings_of_the_shell_do_not_reach_what_make_starts(tmp_path):
    extended = tmp_path / "Makefile"
    extended.write_text(f"{MAKEFILE}\nshow:\n\t@env\n")
    shown = make("-f", str(extended), "show", **SHELL, PYTHONPATH="elsewhere", NO_COLOR="1")
    names = {line.partition("=")[0] for line in shown.stdout.splitlines()}

    assert not names & {*SHELL, "PYTHONPATH"}
    assert {"NO_COLOR", "PYTHONUTF8"} <= names


def test_redriving_is_shown_only_with_dry_run():
    queue = "QUEUE=notification-queue"
    assert planned("redrive", queue) == ["redrive", "notification-queue"]
    assert planned("redrive", queue, "DRY_RUN=1") == ["redrive", "notification-queue", "--dry-run"]


def test_a_folder_completed_by_the_shell_names_the_service():
    assert planned("logs", "SERVICE=cart-service/") == ["logs", "cart-service"]


@pytest.mark.parametrize(
    "command",
    [
        "mail ID",
        "invoke SERVICE=cart-service FUNCTION=clear-cart EVENT",
        "redrive QUEUE",
        "mutations NAME",
        "trace ORDER",
        "seed FILE",
    ],
)
def test_a_value_is_one_argument_with_any_content(command: str):
    """It never reaches the shell as a command."""
    given = "two words; touch it's here"
    *others, setting = command.split()
    assert given in planned(*others, f"{setting}={given}")


def test_quotes_and_spaces_of_a_value_stay():
    assert planned("seed", 'FILE=jane\'s "new" goods.csv') == ["seed", 'jane\'s "new" goods.csv']


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("deploy", "SERVICE is not set, as in: make deploy SERVICE=cart-service STAGE=dev"),
        ("deploy SERVICE=cart-service", "STAGE is not set, as in: make deploy SERVICE=cart-"),
        ("deploy SERVICE=cart-service STAGE=production", "STAGE=production is not a stage: one of"),
        ("test SERVICE=basket-service", "SERVICE=basket-service is not a service: one of analyt"),
        ("lint SERVICE=common", "SERVICE=common is not a service"),
        ("up PROT=8100", "PROT is no setting; these are: PORT "),
        ("redrive QUEUE=dead DRY_RUN=yes", "DRY_RUN=yes is not understood: DRY_RUN=1 or nothing"),
        ("reconcile REPAIR=0", "REPAIR=0 is not understood"),
        ("new-service", "NAME is not set, as in: make new-service NAME=wishlist-service"),
        ("admin", "EMAIL is not set"),
        ("trace", "ORDER is not set"),
        ("seed", "FILE is not set"),
        ("invoke SERVICE=cart-service", "FUNCTION is not set"),
        ("up PYTHON=python9", "There is no python9. Say which Python to use"),
    ],
)
def test_a_wrong_value_is_one_sentence_and_status_2(arguments: str, sentence: str):
    done = make(*arguments.split())

    assert (done.returncode, done.stdout) == (2, "")
    errors = [line for line in done.stderr.splitlines() if "Error 2" not in line]
    assert len(errors) == 1
    assert sentence in errors[0]


def test_make_alone_lists_commands_that_can_be_pasted():
    listed = make().stdout
    assert listed == make("help").stdout
    commands = re.findall(r"^  (make \S+(?: [A-Z]+=\S+)*)", listed, re.MULTILINE)

    assert len(commands) > 35
    assert "$$" not in listed
    for command in commands:
        assert make("-n", *shlex.split(command)[1:]).returncode == 0, command


def test_every_command_is_listed():
    commands = re.search(r"^COMMANDS := ((?:.*\\\n)*.*)", MAKEFILE, re.MULTILINE)
    assert commands
    listed = re.findall(r"^  make (\S+)", make("help").stdout, re.MULTILINE)
    assert sorted(listed) == sorted(commands[1].replace("\\\n", " ").split())


@pytest.mark.parametrize("since", NEWER)
def test_an_old_make_and_any_shell_can_read_it(since: str):
    assert re.findall(NEWER[since], MAKEFILE, re.MULTILINE) == []


def test_nothing_but_a_path_is_asked_of_the_shell():
    done = subprocess.run(
        ["make"], cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
