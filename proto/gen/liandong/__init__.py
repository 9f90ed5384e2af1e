"""Records, services and questions, generated from the schemas."""

from pathlib import Path

# Beside the sources `liandong.testing` lies here; a wheel has it in this folder.
_KIT = Path(__file__).parents[3] / "kit" / "liandong"
if _KIT.is_dir():
    __path__.append(str(_KIT))
