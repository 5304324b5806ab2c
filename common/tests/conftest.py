from collections.abc import Iterator

import pytest
from moto import mock_aws

from common import auth, aws, queues
from testkit.plugin import ENVIRONMENT
from testkit.tokens import Tokens


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        aws.forget_clients()
        queues.url.cache_clear()
        yield
    aws.forget_clients()
    queues.url.cache_clear()


@pytest.fixture
def tokens(cloud: None) -> Iterator[Tokens]:
    auth.forget_keys()
    yield Tokens.published()
    auth.forget_keys()
