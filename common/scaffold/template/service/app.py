"""Every way into the sample thing service."""

from chalicelib.sample_things import service
from chalicelib.sample_things.errors import IdempotencyKeyReused, SampleThingNotFound
from chalicelib.sample_things.schemas import (
    NewSampleThing,
    SampleThingDeleted,
    SampleThingOwnerQuery,
    SampleThingsQuery,
    SampleThingView,
)
from common import auth, ids
from common.api import Api, Request
from common.pages import InvalidCursor, Page
from common.roles import Scope

api = Api("sample-thing-service")
app, authorizer = api.app, api.authorizer

_OWNER = [auth.NotYours, ids.InvalidId]


@api.post(
    "/sample-thing",
    summary="Create a sample thing",
    body=NewSampleThing,
    returns=SampleThingView,
    status=201,
    errors=[IdempotencyKeyReused],
    idempotency_key=True,
)
def create_sample_thing(request: Request[NewSampleThing]) -> SampleThingView:
    owner = request.caller.user_id
    return service.create_sample_thing(owner, request.body.name, request.idempotency_key)


@api.get(
    "/sample-things",
    summary="List your sample things",
    query=SampleThingsQuery,
    returns=Page[SampleThingView],
    on_behalf=Scope.ORDERS_READ,
    errors=[InvalidCursor, *_OWNER],
)
def list_sample_things(request: Request[SampleThingsQuery]) -> Page[SampleThingView]:
    owner = request.acting_for(request.query.user_id)
    return service.list_sample_things(owner, request.query.limit, request.query.cursor)


@api.get(
    "/sample-thing/{sample_thing_id}",
    summary="Get a sample thing",
    query=SampleThingOwnerQuery,
    returns=SampleThingView,
    on_behalf=Scope.ORDERS_READ,
    errors=[SampleThingNotFound, *_OWNER],
)
def get_sample_thing(
    request: Request[SampleThingOwnerQuery], sample_thing_id: str
) -> SampleThingView:
    owner = request.acting_for(request.query.user_id)
    return service.get_sample_thing(owner, sample_thing_id)


@api.delete(
    "/sample-thing/{sample_thing_id}",
    summary="Delete a sample thing",
    returns=SampleThingDeleted,
)
def delete_sample_thing(request: Request[None], sample_thing_id: str) -> SampleThingDeleted:
    return service.delete_sample_thing(request.caller.user_id, sample_thing_id)
