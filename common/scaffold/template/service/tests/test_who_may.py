"""Whose sample things they are."""

from testkit.tokens import AMY

USER_ID = f"?userId={AMY.replace('#', '%23')}"


def test_nobody_gets_in_without_a_token(api):
    for path, methods in api.app.routes.items():
        for method in methods:
            assert api.request(method, path, {"name": "Birthday"}, None, {}).status_code == 401, (
                method,
                path,
            )


def test_everybody_has_their_own(jimmy, amy):
    amys = amy.create("Secret").json_body["sampleThingId"]

    assert jimmy.names == []
    assert jimmy.show(amys).status_code == 404
    jimmy.delete(amys)
    assert amy.names == ["Secret"]


def test_a_customer_acts_for_nobody_else(jimmy, amy):
    amys = amy.create("Secret").json_body["sampleThingId"]

    refused = [
        jimmy.create("Mine", userId=AMY),
        jimmy.look(USER_ID),
        jimmy.show(amys, USER_ID),
        jimmy.delete(amys, USER_ID),
    ]

    assert [(answer.status_code, answer.json_body["Code"]) for answer in refused] == [
        (403, "NotYours")
    ] * 4
    assert amy.names == ["Secret"]


def test_an_admin_acts_for_anybody(admin, amy):
    made = admin.create("Present", userId=AMY).json_body["sampleThingId"]

    assert amy.names == ["Present"]
    assert admin.show(made, USER_ID).json_body["name"] == "Present"
    assert [shown["name"] for shown in admin.look(USER_ID).json_body] == ["Present"]
    admin.delete(made, USER_ID)
    assert amy.names == []


def test_every_way_in_is_among_those_that_the_readme_tells_of(api, service):
    page = (service / "README.md").read_text()
    routes = [
        (method, path)
        for path, methods in api.app.routes.items()
        for method in methods
        if method != "HEAD"  # as GET
    ]

    assert routes
    for method, path in routes:
        assert f"`{method} {path.replace('{sample_thing_id}', '{sampleThingId}')}`" in page
