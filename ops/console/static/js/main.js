import { accessesView } from "./accesses.js";
import { busView } from "./bus.js";
import { el, fill, tell } from "./dom.js";
import { clock, current, label, onLanguage, t, titled, use, useZone } from "./i18n.js";
import { mapView } from "./map.js";
import { quarantineView } from "./quarantine.js";
import { follow, get, lookAt, post, useProof } from "./server.js";
import { sharingView } from "./sharing.js";

const VIEWS = ["map", "bus", "quarantine", "sharing", "accesses"];
const node = (id) => document.getElementById(id);
const live = { state: "connecting", whole: false };

/** Let a visitor state a purpose; those that agreements name are offered. @param {any} session */
function purpose(session) {
  const field = node("purpose");
  field.value = session.purpose;
  const hint = () => { field.placeholder = t("no_purpose"); field.title = t("purpose_how"); };
  hint();
  onLanguage(hint);
  field.onfocus = async () => {
    field.onfocus = null;
    const named = (await get("agreements")).filter((one) => session.is_ops || one.consumer === session.agency);
    fill(node("purposes"), ...[...new Set(named.flatMap((one) => one.purposes))].sort().map((value) => el("option", { value })));
  };
  const state = async () => {
    if (field.value.trim() === session.purpose) return;
    try {
      await post("purpose", field.value.trim());
      // All that is shown is asked for anew, for this purpose.
      location.reload();
    } catch (error) {
      field.value = session.purpose;
      tell(error.message);
    }
  };
  node("purpose-form").onsubmit = (event) => { event.preventDefault(); state(); };
  field.onchange = state;
}

/** Make the page's frame, its views, and follow what changes. */
async function start() {
  label();
  const session = await get("session");
  useProof(session.proof);
  useZone(session.zone);
  const views = {
    map: mapView(node("view-map"), session, showLive),
    bus: busView(node("view-bus"), session),
    quarantine: quarantineView(node("view-quarantine"), session),
    sharing: sharingView(node("view-sharing"), session),
    accesses: accessesView(node("view-accesses"), session),
  };
  let at = "";
  const bad = { bus: 0, quarantine: 0 };

  function go(name, byHand = false) {
    if (name === at) return;
    if (at) { node(`view-${at}`).hidden = true; views[at].leave?.(); }
    at = name;
    node(`view-${at}`).hidden = false;
    views[at].enter?.();
    lookAt(at);
    frame();
    if (byHand) node("main").focus({ preventScroll: true });
  }

  function frame() {
    node("city").textContent = titled(session.city.title);
    node("viewer").textContent = session.is_ops ? t("ops") : titled(session.agencies[session.agency]);
    node("language").textContent = t("language");
    node("language").lang = current() === "zh" ? "en" : "zh-CN";
    fill(node("nav"), ...VIEWS.map((name) => el("button", {
      type: "button", id: `nav-${name}`, "aria-current": name === at && "page", onclick: () => { location.hash = name; },
    }, t(name), bad[name] ? el("span", { className: "badge" }, String(bad[name])) : null)));
    showLive();
  }

  function showLive() {
    const past = views.map?.isPast();
    const word = past ? "past" : live.state;
    node("live").dataset.state = word;
    node("live").textContent = t(word);
  }

  node("language").onclick = () => use(current() === "zh" ? "en" : "zh");
  purpose(session);
  node("leave").onclick = async () => { await post("logout", {}); location.replace("/login"); };
  onLanguage(() => { frame(); for (const view of Object.values(views)) view.words(); });
  const tick = () => { node("clock").textContent = clock(Date.now() / 1000); };
  setInterval(tick, 1000);
  tick();

  follow((message) => {
    if (message.t === "feeds") {
      views.bus.take(message.feeds);
      bad.bus = message.feeds.filter((feed) => !feed.well).length;
      frame();
      return;
    }
    views.map.take(message);
    if (message.t === "state") {
      live.state = message.away ? "away" : message.whole ? "live" : "connecting";
      showLive();
    }
  }, () => { live.state = "away"; showLive(); });

  const named = () => VIEWS.find((name) => location.hash === `#${name}`) ?? "map";
  addEventListener("hashchange", () => go(named(), true));
  addEventListener("unhandledrejection", ({ reason }) => tell(reason?.message ?? String(reason)));
  go(named());
}

start();
