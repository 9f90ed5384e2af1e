"""Mappings that come with the adapter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.sdk.coordinates import CoordinateSystem


@dataclass(frozen=True, slots=True)
class Preset:
    """A mapping of columns to fields.

    Attributes:
        fields: The columns that may fill a field, the best first.
        columns: The file's columns when it has no header.
        attributes: Columns that are kept as they are.
        time_zone: The zone of its times; empty: the feed's.
        coordinate_system: What its points are in.
    """

    fields: Mapping[str, tuple[str, ...]]
    columns: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    time_zone: str = ""
    coordinate_system: CoordinateSystem = field(default=CoordinateSystem.WGS84)


# No dispatch system's export is public, so these are the names that they commonly use. Names
# and telephone numbers of callers are left where they are, and so are free texts.
CHINESE: Final = Preset(
    fields={
        "number": (
            "接警编号",
            "报警编号",
            "接处警编号",
            "警情编号",
            "事件编号",
            "警单编号",
            "编号",
        ),
        "occurred_at": ("发生时间", "事发时间", "案发时间"),
        "reported_at": ("报警时间", "接警时间", "上报时间"),
        "closed_at": ("结案时间", "办结时间", "处置完成时间"),
        "updated_at": ("更新时间", "最后更新时间"),
        "type": ("事件类型", "警情类型", "报警类型", "警情类别", "类型"),
        "type_code": ("类型代码", "警情类型代码", "事件类型代码"),
        "category": ("事件大类", "突发事件类别"),
        "level": ("事件级别", "警情级别", "事件等级", "警情等级", "级别"),
        "lifecycle": ("处置状态", "事件状态", "警情状态", "状态"),
        "service": ("报警台", "接警类型", "警种"),
        "longitude": ("经度", "事发经度", "X坐标"),
        "latitude": ("纬度", "事发纬度", "Y坐标"),
        "address": ("地址", "事发地址", "事发地点", "警情地址", "案发地点"),
        "district": ("行政区划代码", "行政区划", "区划代码", "辖区代码"),
        "casualties.dead": ("死亡人数",),
        "casualties.injured": ("受伤人数",),
        "casualties.missing": ("失踪人数",),
        "casualties.trapped": ("被困人数",),
        "units": ("出警单位", "处警单位"),
    }
)
# Emergency calls of Montgomery County, Pennsylvania, as they are published.
MONTGOMERY: Final = Preset(
    columns=("lat", "lng", "title", "time", "township", "address"),
    fields={
        "latitude": ("lat",),
        "longitude": ("lng",),
        "title": ("title",),
        "reported_at": ("time",),
        "address": ("address",),
    },
    attributes=("township",),
    time_zone="America/New_York",
)
PRESETS: Final[Mapping[str, Preset]] = {"chinese": CHINESE, "montgomery-911": MONTGOMERY}
