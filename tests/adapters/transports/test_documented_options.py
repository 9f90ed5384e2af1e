"""The page of transports has every option that there is, with its default."""

import importlib
import re
from pathlib import Path

import msgspec
import pytest

from adapters.transports.openers import _POLLS, _TRANSPORTS

PAGE = (Path(__file__).parents[3] / "docs" / "transports.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
CERTIFICATES = next(text for title, text in SECTIONS.items() if title.startswith("Certificates"))
SCHEMES = sorted(_TRANSPORTS | _POLLS)


def documented(scheme: str) -> dict[str, str]:
    """Return what the page says of a scheme: options, and their defaults as TOML writes them."""
    opening = f"`{scheme}:" if scheme != "sql" else "`sql+"
    (section,) = [text for title, text in SECTIONS.items() if opening in title]
    rows = re.findall(r"^\| (`.*?) \| (.*?) ?\| (.*) \|$", section, re.MULTILINE)
    if f"`{scheme}`" in CERTIFICATES:
        rows += re.findall(r"^\| (`.*?) \| (.*?) ?\| (.*) \|$", CERTIFICATES, re.MULTILINE)
    told = {}
    for names, default, says in rows:
        alone = re.match(r"`([\w-]+)` alone", says)
        if alone and alone[1] != scheme:
            continue
        own = re.search(rf"`{scheme}`: `([^`]+)`", says)
        for name in re.findall(r"`(\w+)`", names):
            told[name] = own[1] if own else default.strip("`")
    return told


def written(field: msgspec.structs.FieldInfo) -> str:
    """Return a field's default as TOML writes it; empty: it has none."""
    if field.default_factory is not msgspec.NODEFAULT:
        return "{}"
    if field.default is msgspec.NODEFAULT:
        return ""
    return msgspec.json.encode(field.default).decode()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_option_is_on_the_page_with_its_default(scheme: str) -> None:
    """Nobody should have to read code to find which option names the query."""
    module, _, name = (_TRANSPORTS | _POLLS)[scheme].partition(":")
    kind = getattr(importlib.import_module(f"adapters.transports.{module}"), name)
    fields = msgspec.structs.fields(kind.options_type)

    assert documented(scheme) == {field.name: written(field) for field in fields}
