"""Define what commands share: options, the running shop, progress."""

import argparse
import os
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from delivery.clouds import Cloud
from delivery.paths import ROOT
from devcloud import processes, shop, terminal

DEFAULT_DIRECTORY = ROOT / ".local"


class NotRunning(RuntimeError):
    """A command needs a running shop."""


class StageName(StrEnum):
    """Where a service runs: on this machine, or in the AWS account of that stage."""

    LOCAL = "local"
    DEV = "dev"
    PROD = "prod"


Directory = Annotated[
    Path, typer.Option("--dir", help="Where the shop keeps its state.", show_default=".local")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Stage = Annotated[StageName, typer.Option("--stage", help="Where the service runs.")]
Service = Annotated[str, typer.Argument(help="A service, such as cart-service.")]


def parse_port(text: str) -> int:
    """Return a port that three more can follow.

    Raises: typer.BadParameter when it is none.
    """
    try:
        return processes.port_number(text)
    except argparse.ArgumentTypeError as exc:
        raise typer.BadParameter(str(exc)) from exc


def running(directory: Path) -> shop.Shop:
    """Return the directory's shop.

    Raises: NotRunning when it is not up.
    """
    local_shop = shop.running(directory)
    if local_shop is None:
        where = display_path(directory)
        raise NotRunning(f"No shop is running in {where}. Start it with `make up`.")
    return local_shop


def cloud_of(stage: StageName, directory: Path) -> Cloud:
    """Return the running shop's AWS, or that of the credentials in the environment."""
    return running(directory).cloud if stage is StageName.LOCAL else Cloud()


def progress() -> Callable[[str], None]:
    """Return a function that prints a line with the seconds since now."""
    began = time.monotonic()

    def report(line: str) -> None:
        terminal.print_line(f"{time.monotonic() - began:6.1f} s  {line}")

    return report


def display_path(path: Path) -> str:
    """Return the path as one would type it here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
