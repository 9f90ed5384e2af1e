import { choose, el, fill, table, tell } from "./dom.js";
import { count, t, titled, when } from "./i18n.js";
import { get, post } from "./server.js";

/** What could not be translated: look, try again, give up. */
export function quarantineView(root, session) {
  let found = { total: 0, clusters: [], entries: [], unread: [] };
  let discards = [];
  let cluster = "";
  let entry;
  const selected = new Map();
  const keyOf = (one) => `${one.agency}/${one.number}`;

  async function load() {
    [found, discards] = await Promise.all([get("quarantine", { cluster }), get("quarantine/discarded")]);
    for (const key of selected.keys()) if (!found.entries.some((one) => keyOf(one) === key)) selected.delete(key);
    draw();
  }

  /** Return what is meant as the server takes it: of one feed at a time. */
  function meant(ofCluster) {
    if (ofCluster) return [{ agency: ofCluster.agency, feed: ofCluster.feed, cluster: ofCluster.cluster }];
    const byFeed = Map.groupBy(selected.values(), (one) => `${one.agency} ${one.feed}`);
    return [...byFeed.values()].map((all) => ({ agency: all[0].agency, feed: all[0].feed, numbers: all.map((one) => one.number) }));
  }

  const dialog = (title, content, ...buttons) => el("dialog", { "aria-labelledby": "dialog-title" }, el("form", { method: "dialog" },
    el("h2", { id: "dialog-title" }, title), ...content, el("div", { className: "actions" }, el("button", { value: "" }, t("cancel")), ...buttons)));

  async function redrive(ofCluster) {
    for (const one of meant(ofCluster)) {
      const dry = await post("quarantine/redrive", one);
      const sure = await choose(dialog(t("dry"), [
        el("p", {}, one.feed),
        el("p", {}, dry.heals ? t("dry_heals", count(dry.heals), count(dry.records), count(dry.duplicates), count(dry.stays)) : t("nothing_heals")),
        dry.waiting ? el("p", {}, t("dry_waiting", count(dry.waiting))) : null,
        dry.example ? el("p", { className: "mono" }, dry.example) : null,
        ...dry.why.map((why) => el("p", { className: "reason" }, `${count(why.count)} × ${why.reason}`)),
      ], el("button", { value: "yes", className: "primary", id: "do-redrive", disabled: !dry.heals }, t("do_redrive"))));
      if (sure !== "yes") continue;
      const done = await post("quarantine/redrive", { ...one, apply: true });
      tell(t("redriven", count(done.heals), count(done.records), count(done.stays)), true);
    }
    entry = undefined;
    selected.clear();
    await load();
  }

  async function discard(ofCluster) {
    for (const one of meant(ofCluster)) {
      const reason = el("textarea", { id: "why", required: true, maxLength: 500 });
      const sure = await choose(dialog(t("discard_title", count(ofCluster ? ofCluster.entries : one.numbers.length)), [
        el("p", {}, one.feed), el("p", {}, t("discard_how")), el("label", { htmlFor: "why" }, t("why")), reason,
      ], el("button", { value: "yes", className: "danger", id: "do-discard" }, t("do_discard"))));
      if (sure !== "yes" || !reason.value.trim()) continue;
      const done = await post("quarantine/discard", { ...one, reason: reason.value });
      tell(t("discarded_done", count(done.discarded)), true);
    }
    entry = undefined;
    selected.clear();
    await load();
  }

  const causes = () => table(t("causes"), [[t("cause")], [t("entries"), "num"], [t("senders"), "num"], [t("first")], [t("reason"), "wrap"], [""]],
    found.clusters.map((one) => [
      el("span", {}, el("button", { type: "button", className: "link", id: `cluster-${one.cluster}`, onclick: () => { cluster = cluster === one.cluster ? "" : one.cluster; load(); } }, one.cause),
        el("small", {}, `${titled(session.agencies[one.agency] ?? one.agency)} · ${one.feed}`)),
      count(one.entries), count(one.senders), when(Date.parse(one.first_at) / 1000), one.reason,
      el("span", {},
        el("button", { type: "button", id: `redrive-${one.cluster}`, onclick: () => redrive(one) }, t("redrive")), " ",
        el("button", { type: "button", className: "danger", id: `discard-${one.cluster}`, onclick: () => discard(one) }, t("discard"))),
    ]));

  function entries() {
    const node = table(t("entries"), [[el("span", { className: "vh" }, t("select"))], [t("number"), "num"], [t("at")], [t("feed")], [t("cause")]],
      found.entries.map((one) => {
        const box = el("input", { type: "checkbox", id: `select-${keyOf(one)}`, checked: selected.has(keyOf(one)), "aria-label": `${t("select")} ${one.number}`, onchange: () => { if (box.checked) selected.set(keyOf(one), one); else selected.delete(keyOf(one)); draw(); } });
        return [box, el("button", { type: "button", className: "link", id: `entry-${keyOf(one)}`, onclick: () => show(one) }, String(one.number)), when(one.at), one.feed, one.cause];
      }));
    node.querySelectorAll("tbody tr").forEach((row, at) => row.setAttribute("aria-selected", String(Boolean(entry) && keyOf(found.entries[at]) === keyOf(entry))));
    return node;
  }

  async function show(one) {
    entry = await get(`quarantine/${one.agency}/${one.number}`);
    draw();
  }

  function dump(hex) {
    const rows = [];
    for (let at = 0; at < hex.length; at += 32) {
      const row = hex.slice(at, at + 32);
      const signs = row.replace(/../g, (pair) => { const code = parseInt(pair, 16); return code >= 32 && code < 127 ? String.fromCharCode(code) : "·"; });
      rows.push(`${(at / 2).toString(16).padStart(6, "0")}  ${row.replace(/..(?!$)/g, "$& ").padEnd(47)}  ${signs}`);
    }
    return rows.join("\n");
  }

  const raw = () => entry && el("div", { className: "card" }, el("h2", {}, `${t("number")} ${entry.number} · ${entry.cause}`),
    el("p", { className: "reason" }, entry.reason),
    el("p", { className: "facts" }, el("span", {}, entry.feed), el("span", {}, when(entry.at)), el("span", {}, `${t("from")} ${entry.source}`), el("span", {}, entry.adapter), el("span", {}, `${count(entry.size)} B · ${entry.kept}`)),
    el("div", { className: "bytes" },
      el("pre", { tabIndex: 0, "aria-label": t("hex"), id: "hex" }, dump(entry.hex)),
      el("pre", { tabIndex: 0, "aria-label": t("text"), id: "text" }, entry.text ?? t("no_text"))));

  function draw() {
    if (root.hidden) return;
    const none = selected.size === 0;
    fill(root, el("h1", {}, t("quarantine")), el("p", { className: "lead" }, t("quarantine_lead")),
      ...found.unread.map((one) => el("p", { className: "card", role: "alert" }, el("strong", {}, titled(session.agencies[one.agency] ?? one.agency)), ` ${one.problem}`)),
      ...(found.total ? [
        el("div", { className: "card", tabIndex: 0, role: "region", "aria-label": t("causes") }, el("h2", {}, `${t("causes")} (${count(found.total)})`), causes()),
        el("div", { className: "split" },
          el("div", { className: "card" }, el("h2", {}, t("entries")),
            el("div", { className: "actions" },
              el("button", { type: "button", id: "redrive-selected", disabled: none, onclick: () => redrive() }, t("redrive_selected")),
              el("button", { type: "button", id: "discard-selected", className: "danger", disabled: none, onclick: () => discard() }, t("discard_selected")),
              cluster ? el("button", { type: "button", className: "quiet", id: "all-causes", onclick: () => { cluster = ""; load(); } }, t("all_causes")) : null),
            entries()),
          raw() ?? el("p", { className: "empty card" }, t("choose_entry"))),
      ] : found.unread.length ? [] : [el("p", { className: "empty card" }, t("empty_quarantine"))]),
      discards.length ? el("div", { className: "card", tabIndex: 0, role: "region", "aria-label": t("discarded") }, el("h2", {}, t("discarded")),
        table(t("discarded"), [[t("at")], [t("feed")], [t("entries"), "num"], [t("who")], [t("why"), "wrap"], [t("reason"), "wrap"]],
          discards.map((one) => [when(one.at), one.feed, count(one.count), one.who, one.why, one.example]))) : null);
  }

  return { words: draw, enter: load };
}
