import time

import pytest

from common import ids


@pytest.mark.parametrize("spelling", ["PROD#001", "PROD%23001", "001", " PROD#001 "])
def test_an_id_is_understood_in_each_spelling_that_a_url_may_give_it(spelling):
    assert ids.parse("PROD", spelling) == "PROD#001"


@pytest.mark.parametrize("case", [str.upper, str.lower, str.title])
@pytest.mark.parametrize("form", ["ORDER#{}", "ORDER%23{}", "{}"])
def test_a_ulid_is_the_same_id_in_either_case(form, case):
    identifier = ids.new("ORDER")
    spelling = case(form.format(ids.suffix(identifier)))

    assert ids.parse("ORDER", spelling) == identifier


def test_what_is_no_ulid_keeps_its_case():
    assert ids.parse("USER", "user#U101-x") == "USER#U101-x"


@pytest.mark.parametrize(
    "malformed", ["", "#", "PROD#", "USER#1", "a b", "../x", "x" * 65, "ORDER#1#2"]
)
def test_what_cannot_be_an_id_is_refused_with_the_form_that_was_expected(malformed):
    with pytest.raises(ids.InvalidId, match="PROD#"):
        ids.parse("PROD", malformed)


def test_the_same_parts_always_make_the_same_id_and_others_another():
    assert ids.deterministic("ORDER", "USER#1", "key") == ids.deterministic(
        "ORDER", "USER#1", "key"
    )
    assert ids.deterministic("ORDER", "USER#1", "key") != ids.deterministic(
        "ORDER", "USER#1key", ""
    )


def test_a_derived_id_stays_what_it_was_for_rows_of_long_ago():
    assert ids.deterministic("USER", "a", 1) == "USER#43KR8T88EKE2Z2HPTPZQK7X6ND"


def test_a_new_id_begins_with_its_time_as_a_ulid_does(monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: 1_469_918_176_385 * 1_000_000)

    assert ids.new("EVT").startswith(
        "EVT#01ARYZ6S41"
    )  # the example of https://github.com/ulid/javascript


def test_new_ids_are_ids_and_sort_by_age():
    older, newer = ids.new("EVT"), ids.new("EVT")

    assert ids.parse("EVT", older) == older
    assert older[:14] <= newer[:14]
