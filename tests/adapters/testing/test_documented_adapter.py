"""The adapter and the tests that the guide for integrators shows are true."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar

from adapters.testing.contract import AdapterContract
from adapters.testing.trial import trial_of

GUIDE = Path(__file__).parents[3] / "docs" / "integrators.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def module_of(source: str) -> ModuleType:
    """Run one of the guide's blocks as a module of its own."""
    module = ModuleType("documented")
    sys.modules[module.__name__] = module  # where dataclasses look their annotations up
    exec(compile(source, str(GUIDE), "exec"), module.__dict__)
    return module


def block_with(name: str) -> ModuleType:
    """Run the block of the guide that defines a class."""
    (source,) = [block for block in BLOCKS if re.search(rf"^class {name}\b", block, re.MULTILINE)]
    return module_of(source)


CALLS = block_with("CallsXml")
SHOWN, TESTED = block_with("RiverStage"), block_with("TestRiverStage")


class TestDocumented(TESTED.TestRiverStage):  # type: ignore[name-defined,misc]
    """The guide's contract, with the guide's adapter."""

    adapter = SHOWN.RiverStage


def calls(*numbers: str, at: str = "2026-07-01T21:00:00") -> bytes:
    """Write a document of calls as the guide's sender does."""
    each = "<f:call><f:编号>{}</f:编号><f:时间>{}</f:时间><f:描述>楼道冒烟</f:描述></f:call>"
    body = "".join(each.format(number, at) for number in numbers)
    declared = '<?xml version="1.0" encoding="GB18030"?>'
    text = f'{declared}<f:calls xmlns:f="urn:example:calls:1">{body}</f:calls>'
    return text.encode("gb18030")


class TestDocumentedDocuments(AdapterContract):
    """The guide's document of several messages, with a namespace and in GB 18030."""

    adapter = CALLS.CallsXml
    parts = True
    filler = rb"\s*"
    good = (calls("F1", "F2"), calls("F3"))
    bad: ClassVar = {calls("F1", at="昨天"): "时间", calls(""): "the id", b"<a/>": "no call"}


def test_the_guide_s_own_test_passes() -> None:
    """It uses the fixture as an integrator would."""
    assert issubclass(TESTED.TestRiverStage, AdapterContract)

    TESTED.test_a_stage_is_in_metres(lambda _, **options: trial_of(SHOWN.RiverStage, **options))
