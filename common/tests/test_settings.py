import pytest

from common import clock, settings


def test_a_missing_setting_says_its_name_and_where_it_belongs(monkeypatch):
    monkeypatch.setenv("MAIL_FROM", "  ")

    with pytest.raises(settings.SettingMissing, match=r"MAIL_FROM is not set.*config\.json"):
        settings.text("MAIL_FROM")
    assert settings.optional("MAIL_FROM") is None
    assert settings.text("MAIL_FROM", "shop@example.com") == "shop@example.com"


def test_a_setting_that_is_no_number_says_so(monkeypatch):
    monkeypatch.setenv("TOKEN_TTL_SECONDS", "an hour")

    with pytest.raises(
        settings.SettingWrong, match="TOKEN_TTL_SECONDS must be a whole number, but is 'an hour'"
    ):
        settings.integer("TOKEN_TTL_SECONDS", 3600)


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../etc/passwd", "Europe"])
def test_a_time_zone_that_is_none_is_named(monkeypatch, zone):
    monkeypatch.setenv("SHOP_TIME_ZONE", zone)

    with pytest.raises(settings.SettingWrong, match="SHOP_TIME_ZONE must be a time zone such as"):
        clock.shop_day("2025-10-13T14:10:00.123Z")
