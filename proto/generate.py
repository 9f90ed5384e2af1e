"""Generate ``proto/gen`` from the schemas, or say how it differs.

Run as ``python proto/generate.py`` to write, ``python proto/generate.py --check`` to
compare. ``buf/validate/validate.proto`` is in no wheel, so its descriptor is taken from
the one that protovalidate embeds; what the validator enforces and what the schemas were
compiled against are thereby the same.
"""

import filecmp
import importlib.resources
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2
from protovalidate._gen.buf.validate.validate_pb import desc as _validate_desc

SCHEMAS = Path(__file__).parent
GENERATED = SCHEMAS / "gen"
IMAGE = SCHEMAS.parent / ".build" / "schemas.binpb"
VALIDATE = "buf/validate/validate.proto"
# Without it Python would join every folder `liandong` on its path: a clone's, of whoever starts
# it in the folder above, has a `gateway` of its own.
PACKAGE = '''"""Records, services and questions, generated from the schemas."""

from pathlib import Path

# Beside the sources `liandong.testing` lies here; a wheel has it in this folder.
_KIT = Path(__file__).parents[3] / "kit" / "liandong"
if _KIT.is_dir():
    __path__.append(str(_KIT))
'''


def validate_descriptor() -> descriptor_pb2.FileDescriptorSet:
    """Return validate.proto and what it imports, as protoc reads them."""
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    names = ["any", "descriptor", "duration", "field_mask", "timestamp"]
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "well_known.binpb"
        _protoc(
            f"-I{well_known}",
            "--include_imports",
            f"--descriptor_set_out={target}",
            *(f"google/protobuf/{name}.proto" for name in names),
        )
        files = descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())
    files.file.append(
        descriptor_pb2.FileDescriptorProto.FromString(_validate_desc().proto.to_binary())
    )
    return files


def schemas() -> list[str]:
    """Return the paths of the schemas, relative to ``proto/``."""
    return sorted(str(path.relative_to(SCHEMAS)) for path in SCHEMAS.glob("liandong/**/*.proto"))


def generate(target: Path) -> None:
    """Write messages, services and type stubs for every schema under ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        linked, descriptors = _linked(Path(scratch))
        services = [name for name in schemas() if "\nservice " in (SCHEMAS / name).read_text()]
        common = (f"--descriptor_set_in={linked}",)
        _protoc(
            *common,
            f"--python_out={target}",
            f"--mypy_out=quiet,readable_stubs:{target}",
            *schemas(),
            VALIDATE,
        )
        _protoc(
            *common, f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet:{target}", *services
        )
        IMAGE.parent.mkdir(exist_ok=True)
        IMAGE.write_bytes(descriptors)
        descriptions = json.dumps(_descriptions(descriptors), indent=0, ensure_ascii=False)
        (target / "liandong" / "descriptions.json").write_text(descriptions + "\n")
        (target / "liandong" / "__init__.py").write_text(PACKAGE)
    for folder in (path for path in target.glob("*/**") if path.is_dir()):
        if any(folder.glob("*_pb2.py")):
            (folder / "py.typed").touch()


def _descriptions(descriptors: bytes) -> dict[str, str]:
    """Return what each message of the schemas is for, which generated code does not tell."""
    found = {}
    messages = descriptor_pb2.FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptors).file:
        if file.package.startswith("liandong."):
            for location in file.source_code_info.location:
                field, *place = location.path or (0,)
                if field == messages and len(place) == 1:
                    name = f"{file.package}.{file.message_type[place[0]].name}"
                    found[name] = " ".join(location.leading_comments.split())
    return dict(sorted(found.items()))


def _linked(scratch: Path) -> tuple[Path, bytes]:
    """Compile the schemas with validate.proto; return the file for protoc and its bytes."""
    base = scratch / "base.binpb"
    base.write_bytes(validate_descriptor().SerializeToString())
    # protoc reads imports either from folders or from one descriptor set: a folder of
    # schemas together with the set of what they import gives a set that holds all.
    out = scratch / "all.binpb"
    _protoc(
        f"-I{SCHEMAS}",
        f"--descriptor_set_in={base}",
        "--include_imports",
        "--include_source_info",
        f"--descriptor_set_out={out}",
        *schemas(),
    )
    return out, out.read_bytes()


def _protoc(*arguments: str) -> None:
    """Run the protoc of grpcio-tools in a process of its own."""
    # The plugins lie beside the interpreter, which need not be on the PATH.
    plugins = [
        f"--plugin={name}={Path(sys.executable).parent / name}"
        for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")
    ]
    command = [sys.executable, "-m", "grpc_tools.protoc", *plugins, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"protoc failed:\n{done.stderr.strip()}")


def differences(left: Path, right: Path) -> list[str]:
    """Return the files that are not the same in both trees."""
    names = {
        str(path.relative_to(root))
        for root in (left, right)
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return sorted(
        name
        for name in names
        if not (left / name).exists()
        or not (right / name).exists()
        or not filecmp.cmp(left / name, right / name, shallow=False)
    )


def main() -> None:
    """Write the generated code, or with ``--check`` fail when it is not up to date."""
    if "--check" in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as scratch:
            generate(Path(scratch))
            stale = differences(Path(scratch), GENERATED)
        if stale:
            raise SystemExit(
                "generated code is not up to date, run `make proto`: " + ", ".join(stale)
            )
        return
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "gen"
        generate(fresh)
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(fresh, GENERATED)


if __name__ == "__main__":
    main()
