"""What customers do with their sample things."""

import pytest


def test_what_was_made_is_there(jimmy):
    answer = jimmy.create("Birthday")

    assert answer.status_code == 201
    assert answer.json_body["name"] == "Birthday"
    assert jimmy.show(answer.json_body["sampleThingId"]).json_body == answer.json_body
    assert jimmy.look().json_body == [answer.json_body]


def test_an_id_may_be_named_without_its_prefix(jimmy):
    made = jimmy.create().json_body["sampleThingId"]

    assert jimmy.show(made.removeprefix("SAMPLETHING#")).json_body["sampleThingId"] == made


def test_without_a_key_each_request_makes_another_one(jimmy):
    jimmy.create("Birthday")
    jimmy.create("Birthday")

    assert jimmy.names == ["Birthday", "Birthday"]


def test_a_repeated_request_makes_no_second_one(jimmy):
    first = jimmy.create("Birthday", key="click-1")
    again = jimmy.create("Birthday", key="click-1")

    assert (again.status_code, again.json_body) == (201, first.json_body)
    assert jimmy.names == ["Birthday"]


def test_a_key_that_was_used_for_another_name_is_refused(jimmy):
    jimmy.create("Birthday", key="click-1")

    answer = jimmy.create("Christmas", key="click-1")

    assert (answer.status_code, answer.json_body["Code"]) == (422, "IdempotencyKeyReused")
    assert jimmy.names == ["Birthday"]


def test_two_customers_may_use_the_same_key(jimmy, amy):
    jimmy.create("Birthday", key="click-1")

    assert amy.create("Christmas", key="click-1").status_code == 201
    assert (jimmy.names, amy.names) == (["Birthday"], ["Christmas"])


def test_the_list_goes_on_page_by_page(jimmy):
    for name in ("one", "two", "three"):
        jimmy.create(name)
    expected = jimmy.names

    first = jimmy.look("?limit=2")
    second = jimmy.look(f"?limit=2&cursor={first.headers['X-Next-Cursor']}")

    assert [shown["name"] for shown in first.json_body + second.json_body] == expected
    assert "X-Next-Cursor" not in second.headers


def test_a_cursor_that_was_never_given_out_is_refused(jimmy):
    answer = jimmy.look("?cursor=bm9uc2Vuc2U=")

    assert (answer.status_code, answer.json_body["Code"]) == (400, "InvalidCursor")


def test_what_is_deleted_is_gone_and_may_be_deleted_again(jimmy):
    made = jimmy.create().json_body["sampleThingId"]

    for _ in range(2):
        assert jimmy.delete(made).json_body == {"message": "Deleted", "sampleThingId": made}
    assert (jimmy.show(made).status_code, jimmy.show(made).json_body["Code"]) == (
        404,
        "SampleThingNotFound",
    )
    assert jimmy.names == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\nb", "\x00", 7, None, True, [], {}])
def test_a_name_that_cannot_be_meant_is_refused(jimmy, name):
    answer = jimmy.create(name)

    assert (answer.status_code, answer.json_body["Code"]) == (400, "InvalidBody")
    assert "name" in answer.json_body["Message"]
    assert jimmy.names == []


@pytest.mark.parametrize("query", ["?limit=0", "?limit=101", "?limit=many"])
def test_a_page_has_1_to_100_of_them(jimmy, query):
    answer = jimmy.look(query)

    assert (answer.status_code, answer.json_body["Code"]) == (400, "InvalidQuery")
