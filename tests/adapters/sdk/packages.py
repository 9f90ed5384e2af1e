"""Packages of third parties, as an installer leaves them."""

from pathlib import Path


def install(folder: Path, package: str, entries: str, source: str) -> None:
    """Write a package with entry points as an installer leaves it."""
    (folder / f"{package}.py").write_text(source)
    told = folder / f"{package}-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(entries)
