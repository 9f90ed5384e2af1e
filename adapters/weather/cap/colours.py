"""Match the colours of Chinese warnings with CAP's severities."""

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from liandong.weather.v1 import weather_pb2 as weather

Color: TypeAlias = "weather.Color.ValueType"
Severity: TypeAlias = "weather.Severity.ValueType"

# A convention (there is no standard for it), so the colour is always kept beside it.
SEVERITY_OF: Final[dict[Color, Severity]] = {
    weather.COLOR_RED: weather.SEVERITY_EXTREME,
    weather.COLOR_ORANGE: weather.SEVERITY_SEVERE,
    weather.COLOR_YELLOW: weather.SEVERITY_MODERATE,
    weather.COLOR_BLUE: weather.SEVERITY_MINOR,
}
_WORDS: Final[dict[str, Color]] = {
    "red": weather.COLOR_RED,
    "红": weather.COLOR_RED,
    "orange": weather.COLOR_ORANGE,
    "橙": weather.COLOR_ORANGE,
    "yellow": weather.COLOR_YELLOW,
    "黄": weather.COLOR_YELLOW,
    "blue": weather.COLOR_BLUE,
    "蓝": weather.COLOR_BLUE,
}
_WORD: Final = re.compile(
    r"\b(red|orange|yellow|blue)\b|[红橙黄蓝](?=色|$|[^一-鿿])", re.IGNORECASE
)
_IN_HEADLINE: Final = re.compile(r"([红橙黄蓝])色?(?:预警|警报|警示)|([红橙黄蓝])色")
# Of the four levels of warnings (Emergency Response Law, article 42) the first is red.
_LEVEL: Final = re.compile(r"(?:([ⅠI1一])|([Ⅱ2二]|II)|([Ⅲ3三]|III)|([Ⅳ4四]|IV))(?:级.{0,40})?")  # noqa: RUF001
_BY_LEVEL: Final = (
    weather.COLOR_RED,
    weather.COLOR_ORANGE,
    weather.COLOR_YELLOW,
    weather.COLOR_BLUE,
)
_KEY: Final = re.compile(r"colou?r|awareness_level|颜色|色标", re.IGNORECASE)


def color_of_word(word: str) -> Color:
    """Return the colour that a value names, as ``Blue``, ``蓝色`` or ``3; orange; Severe``."""
    found = _WORD.search(word.strip())
    return _WORDS[found[0].lower()] if found else weather.COLOR_UNSPECIFIED


def color_of_level(word: str) -> Color:
    """Return the colour of a level that stands in a colour's place: ``Ⅱ级``, ``二级`` or ``2``."""
    found = _LEVEL.fullmatch(word.strip())
    return (
        _BY_LEVEL[found.lastindex - 1] if found and found.lastindex else weather.COLOR_UNSPECIFIED
    )


def color_of_headline(headline: str) -> Color:
    """Return the colour that a Chinese headline names: ``发布暴雨红色预警``."""
    found = _IN_HEADLINE.search(headline)
    return _WORDS[found[1] or found[2]] if found else weather.COLOR_UNSPECIFIED


def color_of_parameters(parameters: Iterable[tuple[str, str]]) -> Color:
    """Return the colour that a profile's parameter gives, when its name says it is one."""
    colors = (color_of_word(value) for key, value in parameters if _KEY.search(key))
    return next(filter(None, colors), weather.COLOR_UNSPECIFIED)


def gravest(colors: Iterable[Color]) -> Color:
    """Return the gravest of colours: the schema lists red first."""
    return min(filter(None, colors), default=weather.COLOR_UNSPECIFIED)
