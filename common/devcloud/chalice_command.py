"""Run .venv's chalice: `chalice local`, typed bare, works against the shop.

All else is Chalice's own. `.venv/bin/chalice`, written by install.py, runs this module.
"""

import functools
import os
import sys
from pathlib import Path
from typing import Any

import click
from chalice import cli

from delivery.paths import ROOT
from devcloud import dev_server, machine

_STAGE = "local"
_FAILURES = (dev_server.NotOpen, dev_server.PortTaken)


def main() -> int:
    """Run Chalice's command line."""
    sys.argv[0] = str(Path(sys.prefix, "bin", "chalice"))  # what `chalice local` starts to reload
    _attach_to_shop(cli.local)
    defaults = {"local": {"stage": _STAGE, "port": dev_server.DEFAULT_PORT}}
    cli.cli = functools.partial(  # type: ignore[assignment]
        cli.cli, prog_name="chalice", default_map=defaults
    )
    return cli.main()


def _attach_to_shop(command: click.Command) -> None:
    """Let its stage local find the shop: the repository's, or that in LOCAL_DIR."""
    serve: Any = command.callback

    def serve_attached(stage: str, port: int, **options: Any) -> Any:
        if stage == _STAGE:
            machine.prepare()
            try:
                directory = ROOT / os.environ.get("LOCAL_DIR", ".local")
                os.environ.update(dev_server.read_environment(directory))
                dev_server.require_free(port, "--port 8091")
            except _FAILURES as exc:
                raise click.ClickException(str(exc)) from exc
        return serve(stage=stage, port=port, **options)

    command.callback = serve_attached


if __name__ == "__main__":
    sys.exit(main())
