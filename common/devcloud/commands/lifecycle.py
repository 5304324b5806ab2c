"""Start and stop the shop on this machine, and see what runs."""

from typing import Annotated

import typer

from devcloud import example_orders, machine, shop, status, terminal
from devcloud.commands.options import (
    DEFAULT_DIRECTORY,
    AsJson,
    Directory,
    NotRunning,
    display_path,
    parse_port,
    progress,
)


def up(
    port: Annotated[
        int, typer.Option(parser=parse_port, help="The shop's port; it takes the next three, too.")
    ] = shop.DEFAULT_PORT,
    no_purchase: Annotated[
        bool, typer.Option("--no-purchase", help="Leave out the purchase that shows it works.")
    ] = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Start the shop, or bring a running one up to date."""
    report = progress()
    if shortage := machine.find_shortage():
        report(shortage)
    running = shop.start(
        directory, port, purchase=not no_purchase, outlives_caller=True, say=report
    )
    if not no_purchase:
        example_orders.prepare(running)
    report("the shop is open")
    where = display_path(directory / "shop.json")
    terminal.print_line()
    for name, value in (
        ("Start here", running.url),
        ("API", f"{running.url}/docs"),
        ("Sent mail", f"{running.url}/mail"),
        ("AWS", running.aws_endpoint),
        ("Stripe", running.stripe_url),
        ("Razorpay", running.razorpay_url),
        ("Admin", f"{running.admin_email}, password in {where}"),
        ("Stop", "make down"),
    ):
        terminal.print_fact(name, value)


def down(directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Stop the shop and keep its data."""
    if not directory.is_dir():
        terminal.print_line(f"There is no shop in {display_path(directory)}.")
        return
    stopped = shop.stop(directory)
    names = ", ".join(stopped)
    terminal.print_line(f"Stopped: {names}." if stopped else "The shop was not running.")


def show_status(json: AsJson = False, directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Show what runs, and where. Exits 1 if the shop is not up."""
    parts = status.processes(directory)
    if json:
        terminal.print_json(
            {
                "isRunning": shop.running(directory) is not None,
                "processes": [part.as_json() for part in parts],
            }
        )
    else:
        columns = [terminal.Column(title) for title in ("PROCESS", "STATUS", "PID", "ADDRESS")]
        rows = [(part.name, part.status, str(part.pid or ""), part.url) for part in parts]
        terminal.print_table(columns, rows)
    if shop.running(directory) is None:
        where = display_path(directory)
        raise NotRunning(f"No shop is running in {where}. Start it with `make up`.")
