import pytest
from analytics_client import Analytics

from testkit.service_client import Api
from testkit.tokens import Tokens


@pytest.fixture
def analytics(api: Api, tokens: Tokens) -> Analytics:
    return Analytics(api, tokens.admin())
