import { el, fill, table } from "./dom.js";
import { count, moment, t, titled } from "./i18n.js";
import { get } from "./server.js";

/** Who read what. */
export function accessesView(root, session) {
  const asked = { provider: "", consumer: "", refused: "" };
  let found = [];
  let next = "";
  const title = (name) => titled(session.agencies[name] ?? (name === "ops" ? t("ops") : name)) || "–";

  async function load(more = false) {
    const page = await get("accesses", { ...asked, page: more ? next : "" });
    found = more ? [...found, ...page.accesses] : page.accesses;
    next = page.next;
    draw();
  }

  const select = (name) => el("label", {}, t(name), el("select", { id: `of-${name}`, onchange: (event) => { asked[name] = event.target.value; load(); } },
    el("option", { value: "" }, t("anyone")), ...Object.keys(session.agencies).map((agency) => el("option", { value: agency, selected: asked[name] === agency }, title(agency)))));

  const acted = (action) => action && [action.feed, t("acted_on", action.which, count(action.meant)), action.reason].filter(Boolean).join(" · ");
  const came = (one) => one.action && one.phase === "ended" ? `${t("came", count(one.action.removed), count(one.action.records))} · ${title(one.action.agency)}` : null;

  function outcome(one) {
    const word = one.outcome === "allowed" ? t(`${one.action && one.phase !== "call" ? "action" : "phase"}_${one.phase}`) : t(`outcome_${one.outcome}`);
    const node = el("span", { className: "pill" }, word);
    node.dataset.tone = one.outcome === "allowed" ? "good" : one.outcome === "refused" ? "bad" : "warn";
    return el("span", {}, node, one.reason ? el("small", {}, one.reason) : null);
  }

  function draw() {
    if (root.hidden) return;
    fill(root, el("h1", {}, t("accesses")), el("p", { className: "lead" }, t("accesses_lead")),
      el("div", { className: "filters" }, select("consumer"), select("provider"),
        el("label", { className: "row" }, el("input", { type: "checkbox", id: "refused", checked: Boolean(asked.refused), onchange: (event) => { asked.refused = event.target.checked ? "1" : ""; load(); } }), t("only_refused")),
        el("button", { type: "button", id: "again", onclick: () => load() }, t("refresh"))),
      el("div", { className: "card", tabIndex: 0, role: "region", "aria-label": t("accesses") }, found.length ? table(t("accesses"),
        [[t("at")], [t("agency")], [t("asked"), "wrap"], [t("purpose")], [t("outcome"), "wrap"], [t("left"), "wrap"]],
        found.map((one) => [moment(one.at), el("span", {}, title(one.agency), el("small", {}, [one.role, one.actor].filter(Boolean).join(" · "))),
          el("span", {}, t(one.method), el("small", {}, [...one.names, one.asked, acted(one.action)].filter(Boolean).join(" ").slice(0, 400))), one.purpose, outcome(one),
          el("span", {}, ...one.left.slice(0, 6).map((left) => el("span", {}, `${count(left.records)} ${left.kind} · ${title(left.provider)}`, el("small", {}, left.agreements.join(", ")))), came(one))]))
        : el("p", { className: "empty" }, t("no_accesses"))),
      next ? el("button", { type: "button", id: "more", onclick: () => load(true) }, t("more")) : null);
  }

  return { words: draw, enter: () => load() };
}
