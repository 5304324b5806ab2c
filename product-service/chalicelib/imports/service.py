"""The verbs of imports: create one, start it, read its file, load its parts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.imports import reading, results, storage
from chalicelib.imports.errors import FileMissing, ImportNotFound
from chalicelib.imports.loader import Loader
from chalicelib.imports.models import Import
from chalicelib.imports.results import Result
from chalicelib.imports.schemas import (
    MAX_FILE_BYTES,
    ImportCreated,
    ImportView,
    NewImport,
    Upload,
)
from chalicelib.imports.source_products import SourceProduct
from chalicelib.imports.statuses import ImportStatus, Outcome
from chalicelib.imports.tables import FileUnreadable
from common import acts, clock, dynamodb, ids, queues
from common.auth import Caller
from common.roles import Scope

QUEUE = "import-queue"
_PART_SIZE = 100
_KEPT_SECONDS = 30 * 86400
_ENDED = (ImportStatus.DONE, ImportStatus.FAILED)


def create_import(request: NewImport, caller: Caller) -> ImportCreated:
    """Create an import that waits for its file."""
    job = Import(
        ids.new("IMPORT"),
        dry_run=request.dry_run,
        currency=request.currency,
        admin_id=caller.user_id,
        role=caller.role,
        created_at=clock.now(),
        expires_at=clock.epoch() + _KEPT_SECONDS,
    )
    dynamodb.save_if(job, Import.import_id.does_not_exist())
    form = storage.presign_upload(job.import_id, MAX_FILE_BYTES)
    upload = Upload(url=form["url"], fields=form["fields"], max_bytes=MAX_FILE_BYTES)
    return ImportCreated(import_id=job.import_id, upload=upload)


def start_import(import_id: str) -> ImportView:
    """Read the file and load it.

    Idempotent. An import that stands still goes on.

    Raises: ImportNotFound, FileMissing.
    """
    job = _get(import_id)
    if job.status == ImportStatus.WAITING and not storage.exists(job.import_id, "file"):
        raise FileMissing(f"{job.import_id}: the file was not uploaded")
    if job.status not in _ENDED:
        is_waiting = Import.status == ImportStatus.WAITING
        dynamodb.update_if(job, [Import.status.set(ImportStatus.READING)], is_waiting)
        queues.send(QUEUE, {"importId": job.import_id})
    return get_import(import_id)


def get_import(import_id: str) -> ImportView:
    """Return how far an import is. Raises: ImportNotFound."""
    job = _get(import_id)
    is_done = job.status == ImportStatus.DONE
    return ImportView(
        import_id=job.import_id,
        status=ImportStatus(job.status),
        dry_run=job.dry_run,
        format=job.format,
        total=job.total,
        created=job.created,
        updated=job.updated,
        unchanged=job.unchanged,
        refused=job.refused,
        message=job.message,
        report_url=storage.presign_report(job.import_id) if is_done else None,
        created_at=job.created_at,
    )


def process_message(message: Mapping[str, Any]) -> None:
    """Read the file of an import, or load a part of it. Idempotent.

    Raises: ProductContended; the message then comes again, and the part begins anew.
    """
    job = _get(message["importId"])
    if job.status in _ENDED:
        return
    if "part" in message:
        _load_part(job, int(message["part"]))
    else:
        _read_file(job)


def _read_file(job: Import) -> None:
    """Write the parts of the file, and ask for those that are not loaded yet."""
    if job.parts is None:
        data = storage.find(job.import_id, "file") or b""
        try:
            catalogue = reading.read_catalogue(data, job.currency)
        except FileUnreadable as exc:
            actions = [Import.status.set(ImportStatus.FAILED), Import.message.set(str(exc))]
            job.update(actions=actions)
            return
        _write_parts(job, catalogue)
    done = job.parts_done or set()
    for part in range(job.parts or 0):
        if str(part) not in done:
            queues.send(QUEUE, {"importId": job.import_id, "part": part})
    _finish_if_loaded(job)


def _write_parts(job: Import, catalogue: reading.Catalogue) -> None:
    parts = list(_chunks(catalogue.drafts))
    for number, part in enumerate(parts):
        storage.write_json(job.import_id, f"parts/{number}.json", part)
    by_line = defaultdict(list)
    for problem in catalogue.problems:
        by_line[problem.line].append(problem)
    refused = [Result(line, Outcome.REFUSED, problems=each) for line, each in by_line.items()]
    storage.write_json(job.import_id, "results/rows.json", refused)
    job.update(
        actions=[
            Import.status.set(ImportStatus.LOADING),
            Import.format.set(catalogue.format),
            Import.total.set(len(catalogue.drafts) + len(refused)),
            Import.refused.set(len(refused)),
            Import.parts.set(len(parts)),
        ]
    )


def _load_part(job: Import, part: int) -> None:
    """Load a part, and count it once."""
    if str(part) not in (job.parts_done or set()):
        drafts = storage.read_json(job.import_id, f"parts/{part}.json", list[SourceProduct])
        loaded = _load(job, drafts)
        storage.write_json(job.import_id, f"results/{part}.json", loaded)
        dynamodb.update_if(job, _count(part, loaded), ~Import.parts_done.contains(str(part)))
        job.refresh(consistent_read=True)
    _finish_if_loaded(job)


def _load(job: Import, drafts: list[SourceProduct]) -> list[Result]:
    loader = Loader(job.import_id, job.admin_id, job.dry_run)
    acts.begin_request("importProducts")
    acts.open_act(job.admin_id, job.role, Scope.PRODUCTS_WRITE)
    try:
        return [loader.load(draft) for draft in drafts]
    finally:
        acts.begin_request("")


def _count(part: int, loaded: list[Result]) -> list[Action]:
    outcomes = [one.outcome for one in loaded]
    return [
        Import.parts_done.add({str(part)}),
        Import.created.add(outcomes.count(Outcome.CREATED)),
        Import.updated.add(outcomes.count(Outcome.UPDATED)),
        Import.unchanged.add(outcomes.count(Outcome.UNCHANGED)),
        Import.refused.add(outcomes.count(Outcome.REFUSED)),
    ]


def _finish_if_loaded(job: Import) -> None:
    if job.parts is None or len(job.parts_done or ()) < job.parts:
        return
    names = ["rows", *map(str, range(job.parts))]
    every = (storage.read_json(job.import_id, f"results/{one}.json", list[Result]) for one in names)
    report = results.write_report(result for part in every for result in part)
    storage.put(job.import_id, "report.csv", report)
    job.update(actions=[Import.status.set(ImportStatus.DONE)])


def _chunks(drafts: list[SourceProduct]) -> Iterator[list[SourceProduct]]:
    rest = iter(drafts)
    while chunk := list(islice(rest, _PART_SIZE)):
        yield chunk


def _get(import_id: str) -> Import:
    job = dynamodb.find(Import, ids.parse("IMPORT", import_id))
    if job is None:
        raise ImportNotFound(f"there is no import {import_id}")
    return job
