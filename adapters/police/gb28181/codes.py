"""Codes of GB/T 28181: devices (annex E, table E.1), ways and types of alarms (A.2.5)."""

import re
from typing import Final

DEVICE_DIGITS: Final = 20

_DEVICES: Final = {
    "111": "DVR",
    "112": "视频服务器",
    "113": "编码器",
    "114": "解码器",
    "115": "视频切换矩阵",
    "116": "音频切换矩阵",
    "117": "报警控制器",
    "118": "网络视频录像机",
    "131": "摄像机",
    "132": "网络摄像机",
    "133": "显示器",
    "134": "报警输入设备",
    "135": "报警输出设备",
    "136": "语音输入设备",
    "137": "语音输出设备",
    "138": "移动传输设备",
    "139": "其他外围设备",
    "200": "中心信令控制服务器",
    "201": "Web应用服务器",
    "203": "代理服务器",
    "204": "安全服务器",
    "205": "报警服务器",
    "206": "数据库服务器",
    "207": "GIS服务器",
    "208": "管理服务器",
    "209": "接入网关",
    "210": "媒体存储服务器",
    "211": "信令安全路由网关",
    "215": "业务分组",
    "216": "虚拟组织",
    "300": "中心用户",
    "400": "终端用户",
    "500": "视频图像信息综合应用平台",
}
METHODS: Final = {
    "1": "电话报警",
    "2": "设备报警",
    "3": "短信报警",
    "4": "GPS报警",
    "5": "视频报警",
    "6": "设备故障报警",
    "7": "其他报警",
}
# What a type means depends on the way of the alarm.
TYPES: Final = {
    "2": {
        "1": "视频丢失报警",
        "2": "设备防拆报警",
        "3": "存储设备磁盘满报警",
        "4": "设备高温报警",
        "5": "设备低温报警",
    },
    "5": {
        "1": "人工视频报警",
        "2": "运动目标检测报警",
        "3": "遗留物检测报警",
        "4": "物体移除检测报警",
        "5": "绊线检测报警",
        "6": "入侵检测报警",
        "7": "逆行检测报警",
        "8": "徘徊检测报警",
        "9": "流量统计报警",
        "10": "密度检测报警",
        "11": "视频异常检测报警",
        "12": "快速移动报警",
        "13": "图像遮挡报警",
    },
    "6": {"1": "存储设备磁盘故障报警", "2": "存储设备风扇故障报警"},
}
# Of a type 6 of way 5: EventType.
CROSSINGS: Final = {"1": "进入区域", "2": "离开区域"}
_PROVINCES: Final = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|81|82")


def device_type(device: str) -> str:
    """Return what a device is, by digits 11 to 13 of its number: ``134 报警输入设备``."""
    if not is_number(device):
        return ""
    code = device[10:13]
    return f"{code} {_DEVICES.get(code, '')}".strip()


def district_of(device: str) -> str:
    """Return the division whose centre numbers a device, by its first six digits (GB/T 2260).

    Empty: its number is none, or begins with no province.
    """
    return device[:6] if is_number(device) and _PROVINCES.match(device) else ""


def is_number(device: str) -> bool:
    """Tell whether a device's number is one: 20 digits."""
    return len(device) == DEVICE_DIGITS and device.isascii() and device.isdecimal()


def methods_of(written: str) -> list[str]:
    """Return the ways of an alarm: ``12`` and ``1/2`` are by telephone or by a device."""
    return [digit for digit in written if digit in METHODS]


def title_of(methods: list[str], kind: str) -> str:
    """Return what an alarm is called: by its type, or else by its ways."""
    for method in methods:
        title = TYPES.get(method, {}).get(kind)
        if title:
            return title
    return "、".join(METHODS[method] for method in methods)
