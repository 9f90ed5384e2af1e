"""Selections, orders and masks over real gRPC: what is answered, and what is refused."""

from collections.abc import Sequence
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from gateway import tokens
from gateway.query import Queries
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.place.v1.place_pb2 import Circle, Point, Polygon
from tests.gateway.state import PERMIT, circle, polygon
from tests.gateway.town import City, level, listed

HERE = circle(32.0, 118.8, 2000)
AROUND = polygon((31.9, 118.7), (31.9, 118.9), (32.1, 118.9), (32.1, 118.7))
BOW = polygon((31.9, 118.7), (32.1, 118.9), (31.9, 118.9), (32.1, 118.7))
LINE = polygon((31.9, 118.7), (31.9, 118.8), (31.9, 118.9))
OPEN = {"points": [*AROUND["points"][:-1], {"latitude_deg": 31.95, "longitude_deg": 118.7}]}
SHORT = {"points": AROUND["points"][:3]}
NOWHERE = {"center": {"latitude_deg": float("nan")}, "radius_m": 1}


async def test_circle_polygon_and_filter_select_together(city: City, station: str) -> None:
    """All that are set must hold."""
    near, far = level(f"{station}-near", 9.0), level(f"{station}-far", 9.0)
    far.location.point.latitude_deg = 33.0
    low = level(f"{station}-low", 3.0)
    await city.share(near, far, low)
    selection = api.Selection(
        circle=Circle(**HERE),
        polygon=Polygon(**AROUND),
        filter=f'record.water_level.level_m > 8.5 && record.name.contains("{station}")',
    )

    async with city.stub("water") as stub:
        found = await listed(stub, api.ListRecordsRequest(selection=selection))

    assert [record.name for record in found] == [near.name]


async def test_a_mask_cuts_what_get_batch_and_list_answer(city: City, station: str) -> None:
    """The name is always there."""
    await city.share(level(station, 9.5))
    name, mask = f"water/water.level/{station}", FieldMask(paths=["water_level.level_m"])
    selection = api.Selection(filter=f'record.name == "{name}"')

    async with city.stub("water") as stub:
        one = await stub.GetRecord(api.GetRecordRequest(name=name, read_mask=mask))
        batch = await stub.BatchGetRecords(api.BatchGetRecordsRequest(names=[name], read_mask=mask))
        request = api.ListRecordsRequest(selection=selection, read_mask=mask)
        found = await listed(stub, request)

    assert (one.name, one.water_level.level_m) == (name, 9.5)
    assert {field.name for field, _ in one.ListFields()} == {"name", "water_level"}
    assert list(batch.records) == found == [one]


async def test_records_come_by_distance_from_the_circles_centre(city: City, station: str) -> None:
    """The nearest first, page by page."""
    records = [level(f"{station}-{number}", 1.0) for number in (2, 0, 3, 1)]
    for record in records:
        record.location.point.longitude_deg = 118.8 + int(record.name[-1]) / 1000
    await city.share(*records)
    request = api.ListRecordsRequest(
        selection=api.Selection(circle=Circle(**HERE), filter=f'record.name.contains("{station}")'),
        order_by="distance",
        page_size=3,
    )

    async with city.stub("water") as stub:
        found = await listed(stub, request)

    numbers = [int(record.name[-1]) for record in found]
    assert numbers == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("request_fields", "field", "said"),
    [
        ({"selection": {"polygon": OPEN}}, "selection.polygon", "is not closed"),
        ({"selection": {"polygon": BOW}}, "selection.polygon", "crosses or touches itself"),
        ({"selection": {"polygon": LINE}}, "selection.polygon", "has no area"),
        ({"selection": {"polygon": SHORT}}, "selection.polygon.points", ""),
        ({"selection": {"circle": circle(32, 118, 3e7)}}, "selection.circle.radius_m", "other"),
        ({"selection": {"circle": circle(32, 118, -1)}}, "selection.circle.radius_m", ""),
        ({"selection": {"circle": circle(95, 118, 1)}}, "selection.circle.center.latitude_deg", ""),
        ({"selection": {"circle": {"radius_m": 1}}}, "selection.circle.center", ""),
        ({"selection": {"circle": NOWHERE}}, "selection.circle.center.latitude_deg", ""),
        ({"selection": {"filter": "record.nam == ''"}}, "selection.filter", "column 7"),
        ({"selection": {"filter": "x" * 2049}}, "selection.filter", ""),
        ({"selection": {"statuses": [9]}}, "selection.statuses[0]", ""),
        ({"read_mask": {"paths": ["nme"]}}, "read_mask", "did you mean name"),
        ({"order_by": "size"}, "order_by", "expected one of 'name'"),
        ({"order_by": "distance"}, "order_by", "needs distance_from or a circle"),
        ({"page_token": "no token"}, "page_token", "is no token"),
        ({"distance_from": {"latitude_deg": 91}}, "distance_from.latitude_deg", ""),
    ],
)
async def test_whatever_is_malformed_is_an_invalid_argument_with_its_field(
    city: City, request_fields: dict[str, Any], field: str, said: str
) -> None:
    """BadRequest names the field; the sentence says what was expected."""
    async with city.stub("water") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.ListRecords(api.ListRecordsRequest(**request_fields))

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    (violation,) = violations(raised.value)
    assert violation.field == field
    assert said in violation.description


@pytest.mark.parametrize("order", ["observed_at", "observed_at desc", "distance", "name"])
async def test_a_made_up_position_is_refused_or_a_place_in_the_order(
    city: City, order: str
) -> None:
    """A token that no gateway made never fails the gateway."""
    request = api.ListRecordsRequest(order_by=order, distance_from=Point(latitude_deg=1))
    digest = Queries().of(request, PERMIT).digest
    async with city.stub("water") as stub:
        codes = set()
        for position in ("", "x", "1", "nan x", "inf x", "1e999 x", "9" * 400 + " x", "x y"):
            request.page_token = tokens.encode("page", digest, position)
            try:
                await stub.ListRecords(request)
            except grpc.aio.AioRpcError as error:
                codes.add(error.code())

    assert codes <= {grpc.StatusCode.INVALID_ARGUMENT}


def violations(
    error: grpc.aio.AioRpcError,
) -> Sequence[error_details_pb2.BadRequest.FieldViolation]:
    """Return the fields that an error names."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it has what that reads
    assert status is not None
    for detail in status.details:
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad):
            return list(bad.field_violations)
    return ()
