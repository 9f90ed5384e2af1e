import { el, fill, table } from "./dom.js";
import { fieldName, moment, t, titled } from "./i18n.js";
import { get } from "./server.js";

/** Who shares what with whom, as a matrix. */
export function sharingView(root, session) {
  let agreements = [];
  let pair;
  const title = (name) => (name === "*" ? t("everyone") : titled(session.agencies[name] ?? name));
  const covers = (one, provider, consumer) => (one.provider === provider || one.provider === "*") && (one.consumer === consumer || one.consumer === "*") && provider !== consumer;

  function cell(provider, consumer) {
    const of = agreements.filter((one) => covers(one, provider, consumer));
    const node = el("td", { className: provider === consumer ? "self" : "" });
    if (provider === consumer) node.append(el("span", { className: "vh" }, t("own_only")));
    if (!of.length) return node;
    const holding = of.filter((one) => one.holds);
    const kinds = new Set((holding.length ? holding : of).flatMap((one) => one.kinds));
    const button = el("button", {
      type: "button", id: `pair-${provider}-${consumer}`, "aria-label": `${title(provider)} → ${title(consumer)}: ${[...kinds].join(", ")}`,
      onclick: () => { pair = [provider, consumer]; draw(); },
    }, [...kinds].slice(0, 2).join(", ") + (kinds.size > 2 ? " …" : ""), el("small", {}, holding.length < of.length ? `${holding.length} / ${of.length} ${t("holds")}` : `${of.length}`));
    button.dataset.some = String(!holding.length);
    node.append(button);
    return node;
  }

  function draw() {
    const names = Object.keys(session.agencies);
    const shown = pair ? agreements.filter((one) => covers(one, ...pair)) : agreements;
    const matrix = el("table", { className: "matrix" }, el("caption", { className: "vh" }, t("sharing_lead")),
      el("thead", {}, el("tr", {}, el("td", {}, ""), ...names.map((name) => el("th", { scope: "col" }, title(name))))),
      el("tbody", {}, ...names.map((provider) => el("tr", {}, el("th", { scope: "row" }, title(provider)), ...names.map((consumer) => cell(provider, consumer))))));
    fill(root, el("h1", {}, t("sharing")), el("p", { className: "lead" }, t("sharing_lead")),
      el("div", { className: "card", tabIndex: 0, role: "region", "aria-label": t("sharing") }, matrix),
      el("div", { className: "card", tabIndex: 0, role: "region", "aria-label": t("agreement") },
        el("h2", {}, pair ? `${title(pair[0])} → ${title(pair[1])} ` : t("agreement"), pair ? el("button", { type: "button", className: "quiet", id: "all-pairs", onclick: () => { pair = undefined; draw(); } }, t("all_pairs")) : null),
        table(t("agreement"), [[t("agreement")], [t("provider")], [t("consumer")], [t("kind")], [t("ceiling")], [t("hidden_fields")], [t("purposes")], [t("where")], [t("when")], [t("state"), "wrap"]],
          shown.map((one) => {
            const pill = el("span", { className: "pill", title: one.reasons.join("; ") }, t(one.holds ? "holds" : "not_now"));
            pill.dataset.tone = one.holds ? "good" : "off";
            return [one.id, title(one.provider), title(one.consumer), one.kinds.join(", "), t(one.classification), one.hidden.map(fieldName).join(", "), one.purposes.join(", ") || t("any"), one.districts.join(", ") || t("any"),
              [one.from && moment(one.from), one.until && moment(one.until)].filter(Boolean).join(" – ") || t("any"),
              el("span", {}, pill, el("small", {}, one.level ? t("opens_at", one.level) : "", one.incident))];
          }))));
  }

  return { words: draw, enter: async () => { agreements = await get("agreements"); draw(); } };
}
