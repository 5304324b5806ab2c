from collections.abc import Iterator

import pytest

from common import auth, queues
from testkit.plugin import ENVIRONMENT, moto
from testkit.tokens import Tokens


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with moto():
        queues.url.cache_clear()
        yield


@pytest.fixture
def tokens(cloud: None) -> Iterator[Tokens]:
    auth.clear_keys()
    yield Tokens.published()
    auth.clear_keys()
