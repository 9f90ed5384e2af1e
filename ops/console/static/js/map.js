import { details } from "./details.js";
import { el, fill, table, tell } from "./dom.js";
import { count, current, moment, t, titled, when } from "./i18n.js";
import { agencyOf, colors, kindName, kindOf, names, TONES } from "./kinds.js";
import { RecordLayer } from "./layer.js";
import { get, lines } from "./server.js";
import { DISTRICT, NAME, OBSERVED, Store, TITLE, TONE, UNIT, VALUE } from "./store.js";

const BACK_MIN = 360;
const STEP_MIN = 5;
const MOST_ROWS = 500;
const MOST_GRAVE = 60;
const { L } = window;

/** The map of the city, its layers, its table, and the record that is looked at. */
export function mapView(root, session, changed) {
  const live = new Store();
  let store = live;
  let seen = new Set();
  let fitted = false;
  let tableOpen = false;
  let search = "";
  let shownRecord;
  let asked = 0;
  const shell = {};
  for (const [name, given] of Object.entries({
    map: { id: "map", role: "application", tabIndex: 0 },
    left: { className: "float left" }, records: { id: "records", hidden: true },
    details: { className: "float details", hidden: true, role: "complementary", "aria-labelledby": "details-title" },
    time: { className: "float time" }, banner: { className: "float banner", hidden: true, role: "alert" },
  })) shell[name] = el("div", given);
  root.append(...Object.values(shell));

  const map = L.map(shell.map, { zoomControl: false, zoomSnap: 0.5, wheelPxPerZoomLevel: 90, attributionControl: Boolean(session.tiles), worldCopyJump: true }).setView([32.05, 118.8], 11);
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  L.control.zoom({ position: "bottomright" }).addTo(map);
  if (session.tiles) L.tileLayer(session.tiles, { attribution: session.attribution, maxZoom: 19 }).addTo(map);
  const layer = new RecordLayer(store);
  layer.addTo(map);
  boundaries();
  map.on("click", ({ latlng }) => choose(layer.at(latlng)));
  map.on("mousemove", ({ latlng }) => { shell.map.style.cursor = layer.at(latlng) ? "pointer" : ""; });
  shell.map.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target === shell.map) choose(layer.at(map.getCenter())); });
  root.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });

  async function boundaries() {
    const found = await get("boundaries");
    if (!found.features.length) return;
    L.geoJSON(found, {
      interactive: false,
      style: { color: "#5b7bb4", weight: 1.2, opacity: 0.75, fillColor: "#3a5c99", fillOpacity: 0.07 },
      onEachFeature: (feature, shape) => shape.bindTooltip(feature.properties?.name ?? "", { permanent: true, direction: "center", className: "district" }),
    }).addTo(map);
  }

  function choose(found) {
    if (!found) return;
    if (found.count === 1) { open(store.rows[found.slot][NAME]); return; }
    map.setView(map.unproject([found.x, found.y], layer.zoom), Math.min(map.getZoom() + 2, 18));
  }

  async function open(name, move = false) {
    const mine = ++asked;
    const record = await get("record", { name });
    if (mine !== asked) return;
    shownRecord = record;
    layer.chosen = name;
    const [, latitude, longitude] = record.row;
    if (move && latitude !== null) map.setView([latitude, longitude], Math.max(map.getZoom(), 14));
    layer.redraw();
    showDetails();
    document.getElementById("details-close").focus();
  }

  function showDetails() {
    shell.details.hidden = !shownRecord;
    if (shownRecord) fill(shell.details, ...details(shownRecord, session.agencies, close));
  }

  function close() {
    if (!shownRecord) return;
    shownRecord = undefined;
    layer.chosen = "";
    layer.redraw();
    showDetails();
    shell.map.focus();
  }

  const counts = new Map();
  const parts = {};
  function panel() {
    counts.clear();
    parts.total = el("span", { id: "total" });
    parts.kinds = el("ul", { className: "kinds scroll" });
    parts.attention = el("ul", { className: "attention scroll" });
    parts.kindsShown = "";
    const heat = el("select", { id: "heat", onchange: (event) => { layer.heat = event.target.value; layer.redraw(); } },
      ...["", "people", "rain"].map((what) => el("option", { value: what, selected: what === layer.heat }, t(what || "none"))));
    fill(shell.left,
      el("div", { className: "head" }, el("h2", {}, t("kinds")),
        el("button", { type: "button", className: "quiet", id: "fit", onclick: fit }, t("fit"))),
      el("div", { className: "total" }, parts.total, " ", el("small", {}, t("records"))),
      parts.kinds,
      el("div", { className: "tools" },
        el("label", {}, t("heat"), heat),
        el("label", {}, el("span", { className: "vh" }, t("search")), el("input", {
          type: "search", id: "search", placeholder: t("search"), value: search,
          oninput: (event) => { search = event.target.value.trim().toLowerCase(); tableOpen = tableOpen || search !== ""; records(); },
        }), el("button", { type: "button", id: "table", "aria-expanded": String(tableOpen), onclick: () => { tableOpen = !tableOpen; records(); } }, t(tableOpen ? "back_to_map" : "table")))),
      el("div", { className: "head line" }, el("h2", {}, t("attention"))),
      parts.attention);
    refresh();
  }

  function kinds() {
    const present = [...store.counts.keys()].filter((kind) => store.counts[kind]);
    if (parts.kindsShown !== present.join()) {
      parts.kindsShown = present.join();
      fill(parts.kinds, ...present.map((kind) => {
        const number = el("span", { className: "count" });
        counts.set(kind, number);
        const box = el("input", { type: "checkbox", id: `kind-${kind}`, checked: Boolean(layer.shown[kind]), onchange: () => { layer.shown[kind] = Number(box.checked); layer.redraw(); records(); } });
        return el("li", {}, el("label", { color: colors[kind] }, box, el("span", { className: "dot" }), kindName(kind), number));
      }));
    }
    for (const kind of present) counts.get(kind).textContent = count(store.counts[kind]);
  }

  function attention() {
    const grave = [];
    for (const row of store.all()) if (row[TONE]) grave.push(row);
    grave.sort((one, other) => other[TONE] - one[TONE] || other[OBSERVED] - one[OBSERVED]);
    const shape = grave.slice(0, MOST_GRAVE).map((row) => `${row[NAME]} ${row[TONE]} ${row[OBSERVED]} ${row[VALUE]}`).join() + current();
    if (shape === parts.shape && parts.attention.children.length) return;
    parts.shape = shape;
    fill(parts.attention, ...(grave.length ? grave.slice(0, MOST_GRAVE).map((row, at) => el("li", {}, el("button", {
      type: "button", id: `grave-${at}`, color: TONES[row[TONE]], onclick: () => open(row[NAME], true),
    }, el("b", {}, titled(row[TITLE])),
      el("small", {}, [kindName(kindOf(row[NAME])), row[VALUE] && `${row[VALUE]} ${row[UNIT]}`, t(`tone${row[TONE]}`), when(row[OBSERVED])].filter(Boolean).join(" · ")))))
      : [el("li", { className: "empty" }, t("nothing_grave"))]));
  }

  function records() {
    shell.records.hidden = !tableOpen;
    const button = document.getElementById("table");
    button.textContent = t(tableOpen ? "back_to_map" : "table");
    button.setAttribute("aria-expanded", String(tableOpen));
    if (!tableOpen) return;
    const found = [];
    for (const row of store.all())
      if (layer.shown[kindOf(row[NAME])] && (!search || `${row[NAME]} ${row[TITLE]} ${row[DISTRICT]} ${kindName(kindOf(row[NAME]))}`.toLowerCase().includes(search))) found.push(row);
    found.sort((one, other) => other[TONE] - one[TONE] || other[OBSERVED] - one[OBSERVED]);
    fill(shell.records, el("p", { role: "status" }, t("shown_of", count(Math.min(found.length, MOST_ROWS)), count(found.length)), " · ", t("off_map", count(store.placeless))),
      table(t("records"), [[t("record")], [t("kind")], [t("agency")], [t("value"), "num"], [t("level")], [t("district")], [t("observed")]],
        found.slice(0, MOST_ROWS).map((row, at) => [
          el("button", { type: "button", className: "link", id: `record-${at}`, title: row[NAME], onclick: () => open(row[NAME], true) }, titled(row[TITLE])),
          el("span", {}, el("span", { className: "dot", color: colors[kindOf(row[NAME])] }), ` ${kindName(kindOf(row[NAME]))}`),
          titled(session.agencies[agencyOf(row[NAME])] ?? agencyOf(row[NAME])),
          row[VALUE] ? `${row[VALUE]} ${row[UNIT]}` : "",
          row[TONE] ? el("span", { className: "tone", color: TONES[row[TONE]] }, t(`tone${row[TONE]}`)) : "",
          row[DISTRICT], when(row[OBSERVED])])));
  }

  let due = 0;
  function refresh() {
    if (due) return;
    due = setTimeout(() => {
      due = 0;
      parts.total.textContent = count(store.size);
      kinds();
      attention();
      if (tableOpen && !search) records();
      layer.redraw();
    }, 120);
  }

  function fit() {
    const box = layer.bounds();
    if (!box) return;
    const wide = map.getSize().x > 820;
    map.fitBounds(box, { paddingTopLeft: [wide ? 300 : 20, 30], paddingBottomRight: [wide ? 40 : 20, wide ? 90 : 350], maxZoom: 14, animate: false });
    fitted = true;
  }

  let waiting = 0;
  function slider() {
    const output = el("output", { htmlFor: "back" });
    const range = el("input", { type: "range", id: "back", min: -BACK_MIN, max: 0, step: STEP_MIN, value: parts.back ?? 0, "aria-label": t("time") });
    const say = () => {
      const minutes = Number(range.value);
      parts.back = minutes;
      const text = minutes ? when(Math.floor(Date.now() / 1000) + minutes * 60) : t("now");
      output.textContent = text;
      range.setAttribute("aria-valuetext", text);
      shell.time.dataset.past = String(Boolean(minutes));
    };
    range.oninput = () => { say(); clearTimeout(waiting); waiting = setTimeout(() => look(Number(range.value)), 250); };
    fill(shell.time, el("span", {}, t("time")), range, output,
      el("button", { type: "button", id: "now", onclick: () => { range.value = "0"; say(); look(0); } }, t("back_to_now")));
    say();
  }

  function use(other) {
    store = layer.store = other;
    parts.shape = "";
    changed();
    refresh();
  }

  async function look(minutes) {
    const mine = ++asked;
    if (!minutes) { use(live); return; }
    const at = Math.floor(Date.now() / 1000) + minutes * 60;
    try {
      const past = new Store();
      for await (const rows of lines(`past?at=${at}`)) for (const row of rows) past.put(row);
      if (mine === asked) use(past);
    } catch (error) {
      parts.back = 0;
      slider();
      use(live);
      tell(error.message);
    }
  }

  function take(message) {
    if (message.t === "begin") { seen = new Set(live.slots.keys()); return; }
    if (message.t === "rows") {
      for (const row of message.rows) { live.put(row); seen.delete(row[NAME]); }
      for (const name of message.gone) live.drop(name);
    } else if (message.whole) {
      // What was there before the connection broke and was not told again is gone.
      for (const name of seen) live.drop(name);
      seen.clear();
    }
    if (message.t === "state") {
      shell.banner.hidden = !message.away;
      shell.banner.textContent = message.away ? `${t("away")}: ${message.away}` : "";
    }
    if (!fitted && live.size && (message.whole || live.size > 2000)) fit();
    if (store === live) refresh();
  }

  function words() {
    shell.map.setAttribute("aria-label", t("map"));
    panel();
    slider();
    showDetails();
    records();
  }
  words();
  // What tests and measurements ask.
  window.liandong = { map, layer, get store() { return store; }, names, moment };
  return { take, words, enter: () => { map.invalidateSize(); layer.redraw(); }, isPast: () => store !== live };
}
