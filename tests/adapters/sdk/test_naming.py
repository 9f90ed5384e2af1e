"""Names of records: what a source calls its things, as far as it can be a name."""

import pytest

from adapters.sdk.errors import Untranslatable
from adapters.sdk.naming import name_for


@pytest.mark.parametrize("entity", ["\x00", "10\x0001", "1001\r", "\x7f", "\x85", "\ud800", ""])
def test_a_thing_without_a_readable_id_is_refused(entity: str) -> None:
    """A sender that pads with zeros would fill the state with things that nobody can name."""
    with pytest.raises(Untranslatable) as refused:
        name_for("water", "water.level", entity)

    assert refused.value.cause == "id"
    assert "the id of the water.level is" in str(refused.value)


@pytest.mark.parametrize("entity", ["1001", "站 1", "a\u00a0b", "\u3000", "😀"])
def test_any_other_text_is_a_name(entity: str) -> None:
    """Blanks and signs of every script are encoded, as they always were."""
    assert name_for("water", "water.level", entity).startswith("water/water.level/")
