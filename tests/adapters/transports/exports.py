"""Dispatch exports and warnings of our own making."""

HEADER = "接警编号,报警时间,事件类型,地址\n"


def rows(*numbers: int) -> bytes:
    """Write the rows of a dispatch export."""
    return "".join(
        f"JJ{number:06d},2026-07-01 17:{number % 60:02d}:00,火灾,中山路{number}号\n"
        for number in numbers
    ).encode()


def export(*numbers: int) -> bytes:
    """Write a dispatch export with its header."""
    return HEADER.encode() + rows(*numbers)


def warning(identifier: str) -> bytes:
    """Write a CAP warning."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>{identifier}</identifier><sender>observatory@weather.nanjing.example</sender>
<sent>2026-07-01T17:30:00+08:00</sent><status>Actual</status><msgType>Alert</msgType>
<scope>Public</scope><info><language>zh-CN</language><category>Met</category><event>暴雨</event>
<urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>
<area><areaDesc>南京市</areaDesc></area></info></alert>""".encode()
