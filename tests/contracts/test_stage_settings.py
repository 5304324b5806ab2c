"""The settings of a stage stand in one file, and what is wrong in it is named."""

import json
import re
import tomllib
from typing import Any

import pytest

from delivery import chalice_settings, deploy, stage_settings
from delivery.clouds import Cloud
from delivery.paths import ROOT, SERVICES

TEXT = stage_settings.FILE.read_text()
DEV = tomllib.loads(TEXT)["dev"]


def dev(**changed: Any) -> str:
    """The file with other settings of dev. None leaves one out."""
    settings = {name: value for name, value in {**DEV, **changed}.items() if value is not None}
    return "[dev]\n" + "".join(f"{name} = {json.dumps(each)}\n" for name, each in settings.items())


@pytest.mark.parametrize("service", SERVICES)
def test_chalice_finds_the_settings_of_every_stage(service):
    config = (ROOT / service / ".chalice/config.json").read_text()

    assert json.loads(config) == json.loads(chalice_settings.text(service)), "run: make settings"


@pytest.mark.parametrize("stage", stage_settings.STAGES)
def test_every_stage_has_every_setting(stage):
    assert stage_settings.load(stage)["MAIL_FROM"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"MAIL_FROM": "shop"}, "MAIL_FROM is 'shop': expected an e-mail address"),
        ({"MAIL_FROM": None}, "MAIL_FROM is missing"),
        ({"ADMIN_EMAIL": ["a@b.example"]}, "ADMIN_EMAIL is ['a@b.example']: expected an e-mail"),
        ({"SHOP_SITE": "shop.example"}, "SHOP_SITE is 'shop.example': expected an address such as"),
        ({"SHOP_TIME_ZONE": "Berlin"}, "SHOP_TIME_ZONE is 'Berlin': expected a time zone such as"),
        ({"SHOP_TIME_ZONE": 1}, "SHOP_TIME_ZONE is 1: expected a time zone such as"),
        ({"CORS_ORIGINS": "*"}, "CORS_ORIGINS is '*': expected a list of origins"),
        ({"CORS_ORIGINS": ["https://a.example/"]}, "CORS_ORIGINS is ['https://a.example/']"),
        ({"EXEMPT_ADDRESSES": ["10.0.0.1/8"]}, "EXEMPT_ADDRESSES is ['10.0.0.1/8']: expected a"),
        ({"DIGEST_EMAILS": "a@b.example"}, "DIGEST_EMAILS is 'a@b.example': expected a list of"),
        ({"DIGEST_EMAILS": ["shop"]}, "DIGEST_EMAILS is ['shop']: expected an e-mail address"),
        ({"TEAM_MAILS": "yes"}, "TEAM_MAILS is 'yes': expected true or false"),
        ({"MANAGED_RULES": "count"}, "MANAGED_RULES is 'count': expected \"Count\" or"),
        ({"MAIL_FORM": "a@b.example"}, "MAIL_FORM is no setting; these are: CORS_ORIGINS"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(changed, message):
    expected = re.escape(f"common/delivery/stages.toml: [dev] {message}")

    with pytest.raises(stage_settings.StageSettingWrong, match=expected):
        stage_settings.parse(dev(**changed), "dev")


def test_a_file_that_is_no_toml_is_named():
    with pytest.raises(stage_settings.StageSettingWrong, match=r"stages\.toml is no TOML"):
        stage_settings.parse("[dev", "dev")


def test_the_examples_settings_are_not_deployed_to_aws(monkeypatch, tmp_path):
    monkeypatch.setattr(deploy.packaging, "require_runtime", lambda stage: None)

    with pytest.raises(stage_settings.StageSettingWrong, match="is still the example's"):
        deploy.deploy(Cloud(), ["cart-service"], "prod", tmp_path, print)


def test_settings_that_chalice_does_not_have_are_not_deployed(monkeypatch, tmp_path):
    stale = TEXT.replace('MAIL_FROM = "shop@', 'MAIL_FROM = "store@')
    monkeypatch.setattr(stage_settings, "load", lambda stage: stage_settings.parse(stale, stage))

    with pytest.raises(chalice_settings.SettingsStale, match=r"user-service.*run make settings"):
        deploy.deploy(Cloud(), ["cart-service", "user-service"], "dev", tmp_path, print)


def test_a_data_stack_gets_its_parameters():
    assert stage_settings.parameters("checkout-orchestrator", "dev") == {
        "AdminEmail": DEV["ADMIN_EMAIL"],
        "TeamMails": "0",
        "ExemptAddresses": "",
        "ManagedRules": "Count",
        "InventoryEmail": DEV["INVENTORY_EMAIL"],
    }
    assert stage_settings.parameters("cart-service", "dev") == {}
