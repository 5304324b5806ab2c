"""Inspect a running shop: orders, mails, logs, timelines, dead letters."""

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from delivery import paths
from devcloud import dead_letters, logs, order_timeline, orders, reconcile, sent_mail, terminal
from devcloud.commands.options import (
    DEFAULT_DIRECTORY,
    AsJson,
    Directory,
    Service,
    Stage,
    StageName,
    cloud_of,
    running,
)
from devcloud.terminal import Column

Count = Annotated[int, typer.Option("--count", min=1, max=1000, help="How many.")]


class DiscrepanciesFound(RuntimeError):
    """The reconciliation found discrepancies, which are printed already."""


def parse_day(text: str) -> str:
    """Return a date as it is.

    Raises: typer.BadParameter when it is none.
    """
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise typer.BadParameter(f"{text} is not a day such as 2026-11-22")


def list_orders(
    count: Count = 20, json: AsJson = False, directory: Directory = DEFAULT_DIRECTORY
) -> None:
    """List the latest orders."""
    latest = orders.latest(running(directory).cloud, count)
    if json:
        terminal.print_json([order.as_json() for order in latest])
        return
    if not latest:
        print("There are no orders yet: `make up` makes one, and /docs of the shop can.")
        return
    columns = [
        Column("ORDER"),
        Column("STATUS"),
        Column("TOTAL", align="right"),
        Column("CUSTOMER", wraps=True),
        Column("AGE", align="right", style="dim"),
    ]
    terminal.print_table(
        columns,
        [
            (order.order_id, order.status, order.total, order.customer, order.age)
            for order in latest
        ],
    )


def show_mail(
    message_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Print this mail whole.")
    ] = None,
    count: Count = 20,
    json: AsJson = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """List the latest sent mails, or print one."""
    endpoint = running(directory).aws_endpoint
    if message_id:
        _print_mail(sent_mail.find(endpoint, message_id), json)
        return
    mails = sent_mail.latest(endpoint, count)
    if json:
        terminal.print_json([mail.as_json() for mail in mails])
        return
    if not mails:
        print("No mail has been sent yet: a registration or a purchase sends some.")
        return
    columns = [
        Column("ID", style="cyan"),
        Column("SENT (UTC)", style="dim"),
        Column("TO", wraps=True),
        Column("SUBJECT", wraps=True),
        Column("TEXT", wraps=True),
    ]
    terminal.print_table(
        columns, [(mail.short_id, mail.time, mail.to, mail.subject, mail.preview) for mail in mails]
    )


def show_logs(
    service: Service,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with new lines.")] = False,
    lines: Annotated[int, typer.Option("--lines", min=0, help="How many of the last lines.")] = 200,
    json: Annotated[
        bool, typer.Option("--json", help="Print the lines as they were logged.")
    ] = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Print what a service's Lambdas logged."""
    paths.service(service)
    cloud = running(directory).cloud
    entries = logs.entries(cloud, service)
    for entry in entries[len(entries) - min(lines, len(entries)) :]:
        _print_entry(entry, service, json)
    if follow:
        since = entries[-1].received_at + 1 if entries else 0
        for entry in logs.follow(cloud, service, since):
            _print_entry(entry, service, json)


def trace(
    order: Annotated[str, typer.Argument(help="ORDER#01J..., or the bare ULID.")],
    stage: Stage = StageName.LOCAL,
    json: AsJson = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Show one order's timeline, from the saga's history and all logs."""
    timeline = order_timeline.build(cloud_of(stage, directory), order)
    if json:
        terminal.print_json(timeline.as_json())
        return
    terminal.print_line(timeline.summary(), style="bold")
    columns = [
        Column("SECONDS", align="right", style="dim"),
        Column("", style="bold red"),
        Column("WHERE", style="cyan"),
        Column("WHAT", wraps=True),
    ]
    terminal.print_table(columns, timeline.rows())


def redrive(
    queue: Annotated[
        str | None, typer.Argument(help="Bring this queue's dead letters back.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the dead letters and move none.")
    ] = False,
    json: AsJson = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """List the queues' dead letters, or bring one queue's back into it."""
    cloud = running(directory).cloud
    if queue is None:
        counts = dead_letters.counts(cloud)
        rows = sorted(counts.items())
        if json:
            terminal.print_json(dict(rows))
        else:
            columns = [Column("DEAD LETTERS", align="right"), Column("QUEUE")]
            terminal.print_table(columns, [(str(count), name) for name, count in rows])
    elif dry_run:
        letters = dead_letters.peek(cloud, queue)
        if json:
            terminal.print_json(letters)
            return
        for letter in letters:
            terminal.print_line(letter)
        terminal.print_line(f"{len(letters)} dead letters would be moved back to {queue}.")
    else:
        moved = dead_letters.redrive(cloud, queue)
        if json:
            terminal.print_json({"queue": queue, "moved": moved})
        else:
            terminal.print_line(f"{moved} dead letters moved back to {queue}.")


def check_consistency(
    day: Annotated[
        str | None,
        typer.Option(parser=parse_day, metavar="DAY", help="UTC, such as 2026-11-22; today."),
    ] = None,
    settle: Annotated[
        int | None,
        typer.Option(min=0, metavar="SECONDS", help="How long orders have to settle; 3600."),
    ] = None,
    full_stock: Annotated[
        bool, typer.Option("--full-stock", help="Add up all stock, too.")
    ] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Repair what is safe.")] = False,
    json: AsJson = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Compare orders, payments, gateways, stock and mails. Exits 1 on differences."""
    options = {} if settle is None else {"settle": settle}
    verdict = reconcile.run(
        running(directory).cloud,
        day=day or datetime.now(UTC).date().isoformat(),
        repair=repair,
        fullStock=full_stock,
        **options,
    )
    if json:
        terminal.print_json({"orders": verdict.orders, "discrepancies": verdict.findings})
    else:
        for line in verdict.lines():
            terminal.print_line(line)
        terminal.print_line(str(verdict))
    if verdict.findings:
        raise DiscrepanciesFound


def _print_mail(mail: sent_mail.Mail, json: bool) -> None:
    if json:
        terminal.print_json(mail.as_json())
        return
    for name, value in (
        ("From", mail.sender),
        ("To", mail.to),
        ("Sent", f"{mail.time} UTC"),
        ("Subject", mail.subject),
    ):
        terminal.print_fact(name, value)
    terminal.print_line()
    terminal.print_line(mail.body)


def _print_entry(entry: logs.Entry, service: str, raw: bool) -> None:
    if raw:
        print(entry.text, flush=True)
    else:
        terminal.print_log_entry(entry, logs.short_name(entry.function, service) or "(routes)")
