"""The console as people use it: in a real browser, on a city that runs."""

import os
import re
import signal
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.adapters.sdk.patient import air
from tests.ops.console.town import LIVE, Lit, hospital, incident, looking, record, shoot


def test_a_new_incident_appears_without_reload(lit: Lit, chromium: Browser) -> None:
    """It is counted, listed among what needs attention, and drawn; one click shows it whole."""
    with looking(lit, chromium, "police") as page:
        expect(page.locator(".attention")).to_contain_text("道路积水")
        before = int(page.inner_text("#total"))

        lit.share("police", incident("A-2", "危险品泄漏", "I", latitude=32.02, longitude=118.82))

        expect(page.locator("#total")).to_have_text(str(before + 1))
        page.click(".attention button:has-text('危险品泄漏')")
        expect(page.locator(".details h2")).to_have_text("危险品泄漏")
        expect(page.locator(".details")).to_contain_text("police/incident.report/A-2")
        expect(page.locator(".share[data-decision=refused]")).to_have_count(2)
        drawn = "() => liandong.layer.drawn.some((one) => one.count === 1 && one.tone === 4)"
        page.wait_for_function(drawn)
        shoot(page, "map-zh")


def test_a_click_on_the_map_opens_the_record_that_is_drawn_there(
    lit: Lit, chromium: Browser
) -> None:
    """Where a lone record is drawn, it is hit."""
    with looking(lit, chromium, "police") as page:
        where = """() => {
            const { map, layer } = liandong;
            map.setView([32.06, 118.79], 17, { animate: false });
            const { x, y } = map.latLngToContainerPoint([32.06, 118.79]);
            const box = document.getElementById("map").getBoundingClientRect();
            return { x: box.x + x, y: box.y + y };
        }"""
        at = page.evaluate(where)
        page.wait_for_function("() => liandong.layer.zoom === 17 && !liandong.layer.waiting")

        page.mouse.click(at["x"], at["y"])

        expect(page.locator(".details h2")).to_have_text("鼓楼医院")
        expect(page.locator(".details .value")).to_contain_text("12")
        expect(page.locator(".details")).to_contain_text("hospitals-to-police")


def test_each_department_sees_what_it_may_and_no_more(lit: Lit, chromium: Browser) -> None:
    """What no agreement opens is not in the page, nor to be had by asking for it by name."""
    seen = {}
    for agency in ("police", "health"):
        with looking(lit, chromium, agency) as page:
            page.wait_for_function("() => liandong.store.size > 0")
            seen[agency] = set(page.evaluate("() => [...liandong.store.slots.keys()]"))
            # Not from the page, which would tell of each refusal in its console.
            closed = page.request.get(
                f"{lit.url}/api/record?name=health/health.movement/M-1"
            ).status
            others = page.request.get(f"{lit.url}/api/quarantine/environment/1").status
            assert closed == (403 if agency == "police" else 200)
            assert others == 403

    assert "police/incident.report/A-1" in seen["police"] - seen["health"]
    assert "health/health.movement/M-1" in seen["health"] - seen["police"]
    assert "health/health.facility/H1" in seen["police"] & seen["health"]


def test_a_quarantined_message_is_mended_from_the_page_to_the_bus(
    lit: Lit, chromium: Browser
) -> None:
    """The reason and the bytes side by side; dry first; then the record is on the bus."""
    lit.spoil(air(3))
    with looking(lit, chromium, "environment", "en-GB") as page:
        page.click("#nav-quarantine")
        page.click("button.link >> text=/^[0-9]+$/ >> nth=0")
        expect(page.locator("#text")).to_contain_text("a99001")
        expect(page.locator("#hex")).to_contain_text("000000  23 23")
        shoot(page, "quarantine-en")

        lit.mend()
        row = page.locator("tr", has_text="'a99001'").first
        row.locator("button", has_text="Try again").click()
        expect(page.locator("dialog")).to_contain_text(re.compile(r"2 entries would leave as 2"))
        page.click("#do-redrive")

        expect(page.locator("#toast")).to_contain_text("2 entries left as 2 records")
        page.wait_for_function(
            "() => [...liandong.store.slots.keys()].some((one) => one.includes('environment.air'))"
        )
    assert "environment.air" in lit.read("list", "--as", "environment")
    begun, ended = on_record(lit, "Quarantine/Redrive")
    assert (begun["phase"], begun["action"]["meant"]) == ("PHASE_OPENED", "2")
    assert ended["agency"] == "environment"
    assert ended["actor"].startswith("session ")
    assert ended["opened_sequence"] == begun["sequence"]
    assert (ended["action"]["removed"], ended["action"]["records"]) == ("2", "2")


def test_entries_are_given_up_with_a_reason_that_is_kept(lit: Lit, chromium: Browser) -> None:
    """Operators choose entries, say why, and the account names them."""
    lit.spoil(air(4, "a99003"))
    with looking(lit, chromium, "ops", "en-GB") as page:
        page.click("#nav-quarantine")
        page.locator("tr", has_text="'a99003'").locator("button.link").first.click()
        expect(page.locator("#all-causes")).to_be_visible()
        page.locator("input[type=checkbox][id^=select-]").check()
        page.click("#discard-selected")
        page.fill("#why", "a test of the sender")
        page.click("#do-discard")

        expect(page.locator("#toast")).to_contain_text("1 discarded")
    (account, *_) = lit.objects("quarantine", "discarded")
    assert (account["who"], account["why"]) == ("ops at the console", "a test of the sender")
    _, ended = on_record(lit, "Quarantine/Discard")
    assert (ended["agency"], ended["action"]["reason"]) == ("ops", "a test of the sender")
    assert (ended["action"]["removed"], len(ended["action"]["numbers"])) == ("1", 1)


def test_a_visitor_states_a_purpose_that_every_access_tells(lit: Lit, chromium: Browser) -> None:
    """The page is asked for anew with it; what no call can carry is refused in a sentence."""
    with looking(lit, chromium, "police", "en-GB", may_fail="409") as page:
        page.fill("#purpose", "救灾")
        page.press("#purpose", "Enter")
        expect(page.locator("#toast")).to_contain_text("letters, digits and signs of ASCII")
        expect(page.locator("#purpose")).to_have_value("")

        with page.expect_navigation():
            page.fill("#purpose", "flood-response")
            page.press("#purpose", "Enter")

        page.wait_for_selector(LIVE)
        expect(page.locator("#purpose")).to_have_value("flood-response")
        page.click("#nav-accesses")
        watched = page.locator("#view-accesses tr", has_text="WatchRecords")
        expect(watched.first).to_contain_text("flood-response")


def on_record(lit: Lit, method: str) -> list[dict[str, Any]]:
    """Return the beginning and the end of the latest action; the log is whole."""
    assert lit.objects("audit", "verify")[-1]["whole"] is True
    owner = lit.objects("audit", "list", "--as", "environment", "--provider", "environment")
    return [one for one in owner if one["method"] == method][1::-1]


def test_the_language_is_switched_and_kept(lit: Lit, chromium: Browser) -> None:
    """Every word of the frame changes, and a reload keeps it."""
    with looking(lit, chromium, "ops") as page:
        expect(page.locator("#nav-map")).to_have_text("一张图")
        page.click("#language")
        expect(page.locator("#nav-map")).to_have_text("Map")
        expect(page.locator("html")).to_have_attribute("lang", "en")
        page.reload()
        expect(page.locator("#nav-quarantine")).to_have_text("Quarantine")
        expect(page.locator("#city")).to_have_text("Brightville")


def test_all_of_it_is_reached_by_keyboard_alone(lit: Lit, chromium: Browser) -> None:
    """Skip link, views, the table that stands for the map, a record, and back."""
    with looking(lit, chromium, "police", "en-GB") as page:
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.focus("#table")
        page.keyboard.press("Enter")
        expect(page.locator("#records table caption")).to_have_text("records")
        page.focus("#record-0")
        page.keyboard.press("Enter")
        expect(page.locator("#details-close")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator(".details")).to_be_hidden()
        page.focus("#nav-bus")
        page.keyboard.press("Enter")
        expect(page.locator("#view-bus h1")).to_have_text("Bus")
        expect(page.locator("#main")).to_be_focused()
        unnamed = page.evaluate(
            """() => [...document.querySelectorAll("button, input, select, [role=region]")]
                .filter((one) => one.checkVisibility() && !(one.textContent.trim()
                    || one.ariaLabel || one.labels?.[0]?.textContent))
                .map((one) => one.outerHTML)"""
        )
        assert unnamed == []


def test_the_bus_is_shown_with_its_feeds_streams_and_servers(lit: Lit, chromium: Browser) -> None:
    """Operators see what `status` sees, and more."""
    with looking(lit, chromium, "ops", "en-GB") as page:
        page.click("#nav-bus")
        expect(page.locator("#view-bus")).to_contain_text("environment.hj212")
        expect(page.locator("#view-bus")).to_contain_text("QUARANTINE_ENVIRONMENT")
        expect(page.locator("#view-bus")).to_contain_text("2.1")
        expect(page.locator("#view-bus svg.spark").first).to_be_visible()
        shoot(page, "bus-en")


def test_the_bus_begins_with_what_needs_doing(lit: Lit, chromium: Browser) -> None:
    """The operators see what the doctor complains of; what is mended is gone without a reload."""
    seed = lit.home / "keys" / "police.nk"
    seed.chmod(0o644)
    with looking(lit, chromium, "ops", "en-GB") as page:
        page.click("#nav-bus")
        complaints = page.get_by_role("region", name="Needs doing")
        expect(complaints).to_contain_text("police.nk can be read by others (mode 0644")

        seed.chmod(0o600)

        expect(page.locator("#view-bus")).not_to_contain_text("police.nk", timeout=20_000)


def test_who_shares_with_whom_and_who_read_what(lit: Lit, chromium: Browser) -> None:
    """The matrix has the agreement's cell; the accesses have this page's own watch."""
    with looking(lit, chromium, "police", "en-GB") as page:
        page.click("#nav-sharing")
        page.click("#pair-health-police")
        expect(page.locator("#view-sharing")).to_contain_text("hospitals-to-police")
        page.click("#nav-accesses")
        expect(page.locator("#view-accesses")).to_contain_text("WatchRecords")
        shoot(page, "accesses-en")


def test_the_slider_shows_the_city_as_it_was(lit: Lit, chromium: Browser) -> None:
    """A quarter of an hour ago there was nothing; what comes meanwhile is there on return."""
    with looking(lit, chromium, "police") as page:
        page.wait_for_function("() => liandong.store.size > 0")
        expect(page.locator("#total")).not_to_be_empty()
        now = page.inner_text("#total")
        page.focus("#back")
        for _ in range(3):
            page.keyboard.press("ArrowLeft")

        page.wait_for_selector('#live[data-state="past"]')
        expect(page.locator("#total")).to_have_text("0")
        page.click("#now")
        page.wait_for_selector(LIVE)
        expect(page.locator("#total")).to_have_text(now)


def test_it_is_readable_on_a_phone(lit: Lit, chromium: Browser) -> None:
    """Nothing is wider than the screen."""
    with looking(lit, chromium, "police", live="#clock", width=390, height=844) as page:
        page.wait_for_function("() => liandong.store.size > 0")
        shoot(page, "phone-zh")
        for view in ("map", "bus", "quarantine", "sharing", "accesses"):
            page.click(f"#nav-{view}")
            width = page.evaluate("() => document.documentElement.scrollWidth")
            assert width <= 390, view


@pytest.mark.parametrize("part", ["gateway", "console"])
def test_a_page_goes_on_after_a_part_was_away(lit: Lit, chromium: Browser, part: str) -> None:
    """It says so meanwhile, stays logged in, and has what came when the part is back."""
    away = r"status of 50|ERR_CONNECTION|ERR_EMPTY|WebSocket connection"
    with looking(lit, chromium, "police", may_fail=away) as page:
        (process,) = lit.processes(part, "run")
        os.kill(process, signal.SIGKILL)
        page.wait_for_selector('#live[data-state="away"]')
        page.wait_for_selector('#live[data-state="live"]', timeout=60_000)

        title = "江宁医院 Jiangning Hospital"
        lit.share("health", hospital(f"H-{part}", title, latitude=31.95))

        page.wait_for_function(f"() => liandong.store.slots.has('health/health.facility/H-{part}')")


def test_what_the_command_prints_lets_in_once(lit: Lit, chromium: Browser) -> None:
    """The token leaves the address at once; a second visitor is told that it is void."""
    printed = lit.read("console", "token", "--as", "health").strip()
    for visit in ("first", "second"):
        with chromium.new_context(ignore_https_errors=True, locale="en-GB") as context:
            page = context.new_page()
            page.goto(printed)
            if visit == "first":
                expect(page.locator("#viewer")).to_have_text("Health")
            else:
                expect(page.locator("#wrong")).to_contain_text("The token is void")
            assert "#" not in page.url.removesuffix("#map")
    status, sentence = lit.refused("console", "token", "--as", "navy")
    assert (status, "has no department 'navy'" in sentence) == (2, True)


def test_rain_is_drawn_as_heat_and_a_record_moves_to_its_new_place(
    lit: Lit, chromium: Browser
) -> None:
    """The heat map colours the canvas; a record whose place changed is on its way there."""
    rain = '"water_rainfall": {"station_id": "R", "last_1h_mm": 22}'
    # Chromium's advice for pages that read pixels, as this test does.
    with looking(lit, chromium, "environment", may_fail="willReadFrequently") as page:
        lit.share("environment", record("environment/water.rainfall/R", rain))
        page.wait_for_function("() => liandong.store.slots.has('environment/water.rainfall/R')")
        page.evaluate("() => liandong.map.setView([32.04, 118.78], 14, { animate: false })")
        # Beside the record, where without heat there is nothing but the grid.
        beside = """() => {
            const { layer, map } = liandong;
            layer.draw();
            const { x, y } = map.latLngToLayerPoint([32.0412, 118.7812])
                .subtract(map.containerPointToLayerPoint([0, 0]))
                .add(map.getSize().multiplyBy(0.12));
            return layer.context.getImageData(Math.round(x), Math.round(y), 1, 1).data[3];
        }"""
        before = page.evaluate(beside)
        page.select_option("#heat", "rain")
        assert page.evaluate(beside) > before + 50

        # The way lasts less than a second: a busy browser may look only after its end.
        page.evaluate("""() => {
            const { moving } = liandong.store, set = moving.set;
            liandong.begun = 0;
            moving.set = (...way) => { liandong.begun += 1; return set.apply(moving, way); };
        }""")
        moved = record("environment/water.rainfall/R", rain, longitude=118.785)
        lit.share("environment", moved)
        page.wait_for_function("() => liandong.begun === 1 && liandong.store.moving.size === 0")
        expect(page.locator(".attention")).to_contain_text("22.0 mm/h")
