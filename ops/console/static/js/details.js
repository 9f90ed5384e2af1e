import { el } from "./dom.js";
import { fieldName, moment, t, titled, valueName } from "./i18n.js";
import { agencyOf, colors, kindName, kindOf, TONES } from "./kinds.js";
import { OBSERVED, TITLE, TONE, UNIT, VALUE } from "./store.js";

function shown([, value, unit, type]) {
  if (type === "time") return moment(value);
  if (type === "bytes") return el("span", { className: "mono" }, value);
  if (type === "enum") return valueName(value);
  return unit ? `${value} ${unit}` : String(value);
}

const fieldList = (rows) => el("dl", {}, ...rows.flatMap((row) => [
  el("dt", { title: row[0] }, fieldName(row[0])),
  el("dd", {}, shown(row)),
]));

function share(one, titles) {
  const more = [
    one.agreements.length && t("by", one.agreements.join(", ")),
    one.hidden.length && t("hidden", one.hidden.map(fieldName).join(", ")),
  ].filter(Boolean).join("; ");
  const node = el("div", { className: "share", title: one.sentence }, el("span", {},
    `${titled(titles[one.agency] ?? one.agency)} · ${t(one.decision)}`,
    el("small", {}, more || (one.decision === "refused" ? "" : one.sentence))));
  node.dataset.decision = one.decision;
  return node;
}

/** Show one record whole. @param {any} record @param {Record<string, string>} titles @param {() => void} close */
export function details(record, titles, close) {
  const row = record.row;
  const kind = kindOf(record.name);
  const groups = record.parts.filter((part) => part.part !== "provenance");
  const provenance = record.parts.find((part) => part.part === "provenance");
  return [
    el("button", { type: "button", className: "quiet close", id: "details-close", "aria-label": t("close"), onclick: close }, "✕"),
    el("div", { className: "kind" }, el("span", { className: "dot", color: colors[kind] }), kindName(kind), "·",
      titled(titles[agencyOf(record.name)] ?? agencyOf(record.name)),
      row[TONE] ? el("span", { className: "tone", color: TONES[row[TONE]] }, t(`tone${row[TONE]}`)) : null),
    el("h2", { id: "details-title" }, titled(row[TITLE])),
    row[VALUE] ? el("p", { className: "value" }, row[VALUE], " ", el("small", {}, row[UNIT])) : null,
    el("p", {}, moment(row[OBSERVED])),
    el("p", { className: "name mono" }, record.name),
    el("h3", {}, t("who_sees")),
    ...record.shares.map((one) => share(one, titles)),
    ...groups.flatMap((part) => [el("h3", {}, fieldName(part.part)), fieldList(part.rows)]),
    ...(provenance ? [el("h3", {}, t("provenance")), fieldList(provenance.rows)] : []),
  ];
}
