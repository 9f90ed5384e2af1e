"""The words of dispatch systems, and what they mean in the schema."""

import re
from functools import lru_cache
from typing import Final

from liandong.incident.v1 import incident_pb2 as incident

LEVELS: Final[dict[str, str]] = {
    # Numerals are written in Latin letters or as characters of their own.
    **dict.fromkeys(("特别重大", "特大", "I级", "Ⅰ级", "I", "Ⅰ", "1", "1级", "一级", "红色"), "I"),  # noqa: RUF001
    **dict.fromkeys(("重大", "II级", "Ⅱ级", "II", "Ⅱ", "2", "2级", "二级", "橙色"), "II"),
    **dict.fromkeys(("较大", "III级", "Ⅲ级", "III", "Ⅲ", "3", "3级", "三级", "黄色"), "III"),
    **dict.fromkeys(("一般", "IV级", "Ⅳ级", "IV", "Ⅳ", "4", "4级", "四级", "蓝色"), "IV"),
}
LIFECYCLES: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            "已接警",
            "接警",
            "已接收",
            "待处置",
            "未处置",
            "待处理",
            "未处理",
            "新建",
            "已受理",
            "待派警",
        ),
        "REPORTED",
    ),
    **dict.fromkeys(("已核实", "已确认", "已立案"), "CONFIRMED"),
    **dict.fromkeys(
        (
            *("处置中", "处理中", "处警中", "办理中", "在办", "现场处置"),
            *("已派警", "已派单", "已出警", "出警中", "已处警"),
            *("已到场", "已到达", "已到现场", "已签收"),
        ),
        "RESPONDING",
    ),
    **dict.fromkeys(("已控制", "基本控制"), "CONTROLLED"),
    **dict.fromkeys(
        (
            *("已结案", "结案", "已办结", "办结", "已结束", "结束", "处置结束", "处置完毕"),
            *("已处置", "已处理", "已完成", "已归档", "已关闭", "关闭"),
        ),
        "CLOSED",
    ),
    **dict.fromkeys(("误报", "虚警", "虚假警情", "假警", "无效警情"), "FALSE_ALARM"),
}
# The four of the Emergency Response Law (突发事件应对法).
CATEGORIES: Final[dict[str, str]] = {
    **dict.fromkeys(("自然灾害", "自然灾害类"), "NATURAL_DISASTER"),
    **dict.fromkeys(("事故灾难", "事故灾难类"), "ACCIDENT"),
    **dict.fromkeys(("公共卫生", "公共卫生类", "公共卫生事件", "公共卫生事件类"), "PUBLIC_HEALTH"),
    **dict.fromkeys(
        ("社会安全", "社会安全类", "社会安全事件", "社会安全事件类"), "SOCIAL_SECURITY"
    ),
}
# Only what is clear: an injury or a power cut may belong to any category.
_TYPES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (
        re.compile(
            r"洪|内涝|台风|暴雨|大风|冰雹|雷击|滑坡|泥石流|山体|地震|河堤|堤防|溃堤|决堤|溃坝|管涌"
            r"|\b(FLOODING|STORM|EARTHQUAKE|LANDSLIDE)\b"
        ),
        "NATURAL_DISASTER",
    ),
    (
        re.compile(r"食物中毒|疫情|传染病|流感|霍乱|\b(EPIDEMIC|FOOD POISONING)\b"),
        "PUBLIC_HEALTH",
    ),
    (
        re.compile(
            r"盗窃|抢劫|抢夺|斗殴|打架|诈骗|故意伤害|杀人|绑架|聚众|群体|恐怖|滋事|持刀"
            r"|\b(ASSAULT|SHOOTING|STABBING|ROBBERY|ACTIVE SHOOTER|BOMB)\b"
        ),
        "SOCIAL_SECURITY",
    ),
    (
        re.compile(
            r"交通事故|车祸|火灾|起火|着火|爆炸|坍塌|倒塌|泄漏|泄露|触电|沉船|坠机|脱轨|踩踏"
            r"|\b(VEHICLE ACCIDENT|(BUILDING|VEHICLE|APPLIANCE|ELECTRICAL) FIRE|TRAIN CRASH"
            r"|PLANE CRASH|HAZARDOUS MATERIALS?|EXPLOSION|BUILDING COLLAPSE)\b"
        ),
        "ACCIDENT",
    ),
)


@lru_cache(maxsize=4096)
def category_of_type(written: str) -> "incident.Category.ValueType":
    """Return the category that a type clearly belongs to."""
    for pattern, category in _TYPES:
        if pattern.search(written.upper()):
            return incident.Category.Value(f"CATEGORY_{category}")
    return incident.CATEGORY_UNSPECIFIED
