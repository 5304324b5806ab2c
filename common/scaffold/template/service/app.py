"""Every way into the sample thing service."""

from chalicelib.sample_things import service
from chalicelib.sample_things.schemas import NewSampleThing, OwnerQuery, PageQuery
from common import auth, http

app = http.create_app("sample-thing-service")
authorizer = auth.jwt_authorizer(app)


@app.route("/sample-thing", methods=["POST"], authorizer=authorizer)
def create_sample_thing():
    """Make one; repeated with its Idempotency-Key it makes no second one."""
    wanted = http.body(app, NewSampleThing)
    return http.created(
        service.create(_owner(wanted.user_id), wanted.name, http.idempotency_key(app))
    )


@app.route("/sample-things", methods=["GET"], authorizer=authorizer)
def list_sample_things():
    """All of one's own, page by page."""
    query = http.query(app, PageQuery)
    shown, cursor = service.list_page(_owner(query.user_id), query.limit, query.cursor)
    return http.page(shown, cursor)


@app.route("/sample-thing/{sample_thing_id}", methods=["GET"], authorizer=authorizer)
def get_sample_thing(sample_thing_id):
    """One of one's own."""
    return service.show(_owner(http.query(app, OwnerQuery).user_id), sample_thing_id)


@app.route("/sample-thing/{sample_thing_id}", methods=["DELETE"], authorizer=authorizer)
def delete_sample_thing(sample_thing_id):
    """Throw one of one's own away."""
    return service.delete(_owner(http.query(app, OwnerQuery).user_id), sample_thing_id)


def _owner(user_id):
    """Whose things are meant: the caller's, or for an admin anybody's."""
    return auth.acting_for(auth.caller(app), user_id)
