"""Are keys and certificates there, secret, of each other, of this city, and still good?"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from broker.accounts import render
from broker.errors import HomeDamaged
from broker.home import OPS, Home
from broker.nkey import read_seed
from broker.plan import BusPlan
from broker.provision import SERVERS, departed
from broker.users import users
from gateway.revocation import Revoked
from ops.doctor.case import Case
from ops.doctor.finding import Finding, note

_SOON = timedelta(days=30)
_OTHERS = 0o077
_MANY = 3
_QUOTA = re.compile(r"max_file(?:_store)?: \d+")
_MAKE = "run `liandong keys`"
_REMAKE = "remove it and run `liandong keys`"


def check_keys(case: Case) -> Iterator[Finding]:
    """Find bus keys that are missing, damaged, readable by others, or not the server's."""
    home, plan = case.home, case.city.plan
    paths = [home.seed_path(user.name) for user in users(plan)]
    missing = [path for path in paths if not path.exists()]
    whole = not missing
    if len(missing) > _MANY:
        yield Finding(
            str(home.keys_dir), f"lacks {len(missing)} keys, for example {missing[0].name}", _MAKE
        )
    else:
        for path in missing:
            yield Finding(str(path), "is not there", _MAKE)
    for path in paths:
        if path in missing:
            continue
        try:
            read_seed(path)
        except HomeDamaged:
            yield Finding(str(path), "is no whole key", "restore it from a backup; else " + _REMAKE)
            whole = False
        yield from _mode(path)
    yield from _mode(home.nats_config)
    if whole and home.nats_config.exists() and _is_stale(home, plan):
        yield Finding(
            str(home.nats_config),
            "is not what the keys and the city file say now",
            "start the city again, so that its server takes them",
        )


def _is_stale(home: Home, plan: BusPlan) -> bool:
    """Tell whether the server's configuration is not what keys and city file say.

    What its streams may take is told by the streams: while limits are lowered the server's
    account may have more than they.
    """
    written, wanted = home.nats_config.read_text(), render(home, plan)
    return _QUOTA.sub("", written) != _QUOTA.sub("", wanted)


def check_certificates(case: Case) -> Iterator[Finding]:
    """Find certificates that are missing, damaged, strange, revoked, or end soon."""
    home = case.home
    try:
        authority = x509.load_pem_x509_certificate(home.ca.read_bytes())
    except (OSError, ValueError) as error:
        yield Finding(
            str(home.ca),
            f"cannot be read ({_why(error)})",
            "restore ca.pem and ca.key from a backup: new ones make every client's worthless",
        )
        return
    yield from _pair("the authority", home.ca, home.tls_dir / "ca.key", case.now)
    revoked = Revoked(home.revoked)
    for name in (*SERVERS, *case.city.plan.agencies, OPS):
        pem, key = home.certificate(name)
        if not pem.exists():
            yield Finding(str(pem), "is not there", _MAKE)
            continue
        yield from _pair(name, pem, key, case.now)
        yield from _standing(home, pem, authority, revoked)
    for name in departed(home, case.city.plan):
        yield note(
            str(home.certificate(name)[0]),
            "is of a department that is not in the city file; gateways refuse it once they were "
            f"started again: `liandong keys --revoke {name}` takes it back at once",
        )


def _pair(name: str, pem: Path, key_path: Path, now: datetime) -> Iterator[Finding]:
    """Find what is wrong with a certificate and its key, as far as they show it themselves."""
    yield from _mode(key_path)
    try:
        certificate = x509.load_pem_x509_certificate(pem.read_bytes())
    except (OSError, ValueError) as error:
        yield Finding(str(pem), f"cannot be read ({_why(error)})", _REMAKE)
        return
    ends = certificate.not_valid_after_utc
    if ends < now:
        yield Finding(str(pem), f"has expired, {ends:%Y-%m-%d %H:%M} UTC", _renew(name))
    elif ends < now + _SOON:
        days = (ends - now).days
        yield Finding(str(pem), f"expires in {days} days, {ends:%Y-%m-%d} UTC", _renew(name))
    if certificate.not_valid_before_utc > now:
        yield Finding(str(pem), "is not valid yet", "set this machine's clock")
    try:
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
    except (OSError, ValueError) as error:
        yield Finding(str(key_path), f"cannot be read ({_why(error)})", _REMAKE)
        return
    if key.public_key() != certificate.public_key():
        yield Finding(str(key_path), f"is not the key of {pem.name}", f"restore it; else {_MAKE}")


def _standing(
    home: Home, pem: Path, authority: x509.Certificate, revoked: Revoked
) -> Iterator[Finding]:
    """Find a certificate that this city's gateway would not believe."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.read_bytes())
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, TypeError):
        yield Finding(
            str(pem), f"is of another authority than {home.ca.name}", f"{_MAKE} to make it anew"
        )
    except ValueError as error:
        # One that is damaged was told; another issuer's name is told here.
        if "Issuer" in str(error):
            yield Finding(
                str(pem), f"is of another authority than {home.ca.name}", f"{_MAKE} to make it anew"
            )
        return
    if f"{certificate.serial_number:x}" in revoked:
        yield Finding(str(pem), "was taken back", _REMAKE)


def _mode(path: Path) -> Iterator[Finding]:
    """Find a secret that others than its owner may read."""
    if path.exists() and (mode := path.stat().st_mode & 0o777) & _OTHERS:
        yield Finding(
            str(path),
            f"can be read by others (mode {mode:04o}, expected 0600)",
            f"`chmod 600 {path}`, and make it anew if somebody may have read it",
        )


def _renew(name: str) -> str:
    """Return what to do about a certificate that ends."""
    if name == "the authority":
        return "make a new authority in a quiet hour; every client then needs a new certificate"
    return f"{_MAKE}, which makes it anew" + ("" if name in SERVERS else ", and hand it out")


def _why(error: Exception) -> str:
    """Return why a file cannot be read."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is damaged"
