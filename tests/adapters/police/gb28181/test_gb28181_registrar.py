"""Registrations are judged by the password alone, for a time and an address."""

from pathlib import Path
from typing import Any

import pytest

from adapters.police.gb28181 import Notification
from adapters.police.gb28181.digest import credentials, is_right
from adapters.sdk.errors import FeedMisconfigured
from tests.adapters.police.gb28181.conftest import CAMERA
from tests.adapters.police.gb28181.sip_camera import SipWriter, document
from tests.adapters.police.gb28181.sip_desk import ASKED, OK, REFUSED, Desk

OTHER = "32010200001320000008"
ELSEWHERE = "192.0.2.8:5060"


@pytest.fixture
def desk(make: Any, tmp_path: Path) -> Desk:
    """Return a desk where all have one password, and one camera its own."""
    (tmp_path / "all").write_text("usual\n")
    (tmp_path / "own").write_text(f"\n{OTHER} of its own\n")
    adapter = make(password_file="all", passwords_file="own")
    adapter.prepare(tmp_path)
    return Desk(adapter)


@pytest.mark.parametrize("qop", [True, False])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_proof_is_taken_in_the_forms_that_devices_write(
    desk: Desk, algorithm: str, qop: bool
) -> None:
    """With qop as RFC 2617 says, or without it as RFC 2069 did."""
    assert desk.register(SipWriter(), "usual", qop=qop, algorithm=algorithm)[""] == OK
    assert desk.lives(SipWriter())


@pytest.mark.parametrize(
    ("algorithm", "right"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_standards_own_example_is_right(algorithm: str, right: str) -> None:
    """RFC 7616, 3.9.1."""
    header = (
        'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", '
        f'algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, '
        f'response="{right}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )

    assert is_right(credentials(header), "GET", "Circle of Life")
    assert not is_right(credentials(header), "GET", "circle of life")
    assert not is_right(credentials(header), "PUT", "Circle of Life")


def test_a_device_with_a_password_of_its_own_has_no_other(desk: Desk) -> None:
    """And nobody else has it."""
    assert desk.register(SipWriter(OTHER), "usual")[""] == REFUSED
    assert desk.register(SipWriter(OTHER), "of its own")[""] == OK
    assert desk.register(SipWriter(CAMERA), "of its own")[""] == REFUSED
    assert (desk.lives(SipWriter(OTHER)), desk.lives(SipWriter(CAMERA))) == (True, False)


def test_a_registration_lasts_as_long_as_it_says(desk: Desk) -> None:
    """A minute longer, for devices renew when their time is up."""
    camera = SipWriter()
    desk.register(camera, "usual")

    desk.wait(3630)
    assert desk.lives(camera)
    desk.wait(60)
    assert not desk.lives(camera)


@pytest.mark.parametrize(
    ("said", "granted"),
    [
        ({"Expires": "60"}, "60"),
        ({"Expires": "99999999999999"}, "604800"),
        ({"Expires": "soon"}, "3600"),
        ({"Expires": "0"}, "0"),
        ({"Contact": f"<sip:{CAMERA}@192.0.2.7>;expires=120", "Expires": "60"}, "120"),
    ],
)
def test_the_time_granted_is_told(make: Any, said: dict[str, str], granted: str) -> None:
    """That of the Contact goes first (RFC 3261, 10.3)."""
    raw = SipWriter().request("REGISTER", b"", **said)
    if "Contact" in said:
        raw = raw.replace(b"Contact: <sip:32010200001320000007@192.0.2.7:5060>\r\n", b"")

    answer = Desk(make()).bring(raw)

    assert answer["Expires"] == granted
    assert ("Contact" in answer) is (granted != "0")


def test_a_nonce_is_for_one_device_one_address_and_five_minutes(desk: Desk) -> None:
    """Who overhears a registration cannot use it; an old one is asked for anew, and told so."""
    camera = SipWriter()
    challenge = desk.bring(camera.request("REGISTER"))["WWW-Authenticate"]
    proven = camera.request("REGISTER", Authorization=camera.proof(challenge, "usual"))

    overheard = desk.bring(proven, ELSEWHERE)
    desk.wait(301)
    late = desk.bring(proven)
    again = camera.proof(late["WWW-Authenticate"], "usual")
    renewed = desk.bring(camera.request("REGISTER", Authorization=again))

    assert (overheard[""], late[""], renewed[""]) == (ASKED, ASKED, OK)
    assert late["WWW-Authenticate"].endswith(", stale=TRUE")
    assert "stale" not in challenge


def test_a_camera_is_registered_from_its_address_alone(desk: Desk) -> None:
    """Another port is the same host: firewalls change it. Another host is somebody else."""
    camera = SipWriter()
    desk.register(camera, "usual")

    assert desk.lives(camera, "192.0.2.7:49152")
    assert not desk.lives(camera, ELSEWHERE)


def test_a_platform_speaks_for_its_cameras(desk: Desk, alarm: Any) -> None:
    """The request says who sends, the document who raises the alarm."""
    platform = SipWriter("32010200002000000002")
    desk.register(platform, "usual")

    assert desk.bring(platform.request("MESSAGE", alarm()))[""] == OK


@pytest.mark.parametrize(
    "header",
    ["Basic MTox", "Digest", 'Digest nonce="', 'Digest algorithm=MD4, response=""', "Digest ,,=,"],
)
def test_what_proves_nothing_registers_nobody(desk: Desk, header: str) -> None:
    """Whatever stands in the header."""
    answer = desk.bring(SipWriter().request("REGISTER", Authorization=header))

    assert answer[""] in {ASKED, REFUSED}
    assert not desk.lives(SipWriter())


def test_what_came_by_no_socket_needs_no_registration(desk: Desk) -> None:
    """A file was put there, and an entry of the quarantine is redriven, by somebody who may."""
    raw = SipWriter().request("MESSAGE", document("Notify", "Keepalive", 1))
    (found,) = desk.adapter.decoder().feed(raw)
    assert isinstance(found, Notification)

    (one,) = desk.adapter.translate(found)

    assert one.record.station_report.station_id == CAMERA


@pytest.mark.parametrize(
    ("options", "content", "problem"),
    [
        ({"password_file": "none"}, "", "cannot be read"),
        ({"password_file": "given"}, "\n \n", "is empty"),
        ({"passwords_file": "given"}, "", "is empty"),
        ({"passwords_file": "given"}, f"{CAMERA} 1\n{OTHER}\n", "line 2"),
    ],
)
def test_a_file_without_passwords_keeps_the_feed_from_starting(
    make: Any, tmp_path: Path, options: dict[str, str], content: str, problem: str
) -> None:
    """Open to all is what no mistake may lead to; no password is in the sentence."""
    (tmp_path / "given").write_text(content)

    with pytest.raises(FeedMisconfigured, match=problem) as refused:
        make(**options).prepare(tmp_path)

    assert OTHER not in str(refused.value)
