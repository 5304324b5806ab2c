import random
import sys
from types import SimpleNamespace

from botocore import session

from common import aws


def test_all_sessions_share_what_botocore_reads_of_a_service(cloud):
    first, second = session.get_session(), session.get_session()

    assert first.get_service_data("sqs") is second.get_service_data("sqs")
    assert aws.client("sqs", seconds=1).meta.service_model.metadata["endpointPrefix"] == "sqs"


def test_lambdas_from_one_snapshot_wait_for_different_times(monkeypatch):
    """Retries with the same jitter would meet again."""
    hooks = []
    runtime = SimpleNamespace(register_after_restore=hooks.append)
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", runtime)
    aws.seed_after_restore()
    snapshot = random.getstate()

    drawn = set()
    for _ in range(3):
        random.setstate(snapshot)
        for hook in hooks:
            hook()
        drawn.add(random.random())

    assert len(drawn) == 3
