import { el, fill, spark, table } from "./dom.js";
import { bytes, count, t, titled, when } from "./i18n.js";
import { get } from "./server.js";

const AGAIN_MS = 5000;
const TONES = { running: "good", late: "warn", starting: "warn", stopped: "off", never: "off" };

/** How feeds, streams and servers fare. */
export function busView(root, session) {
  let feeds = [];
  let known = { streams: [], servers: [] };
  let complaints = [];
  const timers = {};
  let open = false;

  const sum = (name) => feeds.reduce((all, feed) => all + (feed[name] ?? 0), 0);
  const tile = (value, label, bad) => {
    const node = el("div", { className: "tile" }, el("b", {}, value), el("span", {}, label));
    if (bad !== undefined) node.dataset.bad = String(bad);
    return node;
  };

  function pill(feed) {
    const word = /^\d+ of/.test(feed.word) ? feed.word : t(feed.word);
    const node = el("span", { className: "pill", title: feed.sentence ?? "" }, word);
    node.dataset.tone = feed.well ? TONES[feed.word] ?? "warn" : TONES[feed.word] === "off" ? "off" : "bad";
    return node;
  }

  const feedRows = () => feeds.map((feed) => [
    el("span", {}, feed.name.split("/")[1], el("small", {}, [titled(session.agencies[feed.agency] ?? feed.agency), feed.adapter, feed.address].filter(Boolean).join(" · "))),
    pill(feed),
    `${count(Math.round(feed.rate ?? 0))} /min`,
    spark(feed.rates ?? [], `${t("rate")} ${feed.rate ?? 0}/min`),
    when(feed.last), count(feed.received), count(feed.stored), count(feed.duplicates), count(feed.quarantined), count(feed.spooled),
    feed.error ? el("span", { title: feed.error }, feed.error.length > 90 ? `${feed.error.slice(0, 89)}…` : feed.error, el("small", {}, when(feed.error_at))) : "",
  ]);

  function meter(stream) {
    const share = stream.limit ? stream.bytes / stream.limit : 0;
    const fillBar = el("i", {});
    fillBar.style.width = `${Math.min(100, share * 100)}%`;
    fillBar.dataset.full = String(share > 0.8);
    return el("div", { className: "meter", role: "img", "aria-label": `${Math.round(share * 100)} %` }, fillBar);
  }

  const streamRows = () => known.streams.map((stream) => [
    el("span", {}, stream.name, el("small", {}, stream.account)), count(stream.messages), bytes(stream.bytes), meter(stream),
    String(stream.replicas) + (stream.lost?.length ? ` (−${stream.lost.length})` : ""),
    el("span", {}, String(stream.consumers.length), el("small", {}, stream.consumers.length ? `${count(stream.consumers.reduce((all, one) => all + one.pending, 0))} ${t("pending")}` : "")),
    stream.sources.length ? `${count(stream.sources.reduce((all, one) => all + one.lag, 0))}` : "",
  ]);

  function draw() {
    if (!open) return;
    const unwell = feeds.filter((feed) => !feed.well).length;
    fill(root, el("h1", {}, t("bus")), el("p", { className: "lead" }, t("bus_lead")),
      el("div", { className: "tiles" },
        tile(`${feeds.length - unwell} / ${feeds.length}`, t("feeds_well"), unwell > 0),
        tile(count(Math.round(sum("rate"))), t("per_min")), tile(count(sum("stored")), t("stored")),
        tile(count(sum("quarantined")), t("in_quarantine")), tile(count(sum("spooled")), t("spooled"))),
      complaints.length ? el("div", { className: "card", tabIndex: 0, role: "region", "aria-label": t("complaints") }, el("h2", {}, t("complaints")),
        table(t("complaints"), [[t("check")], [t("complaint"), "wrap"]], complaints.map((one) => [one.check, one.sentence]))) : "",
      el("div", { className: "card", tabIndex: 0, role: "region", "aria-label": t("feeds") }, el("h2", {}, t("feeds")),
        table(t("feeds"), [[t("feed")], [t("state")], [t("rate"), "num"], [t("last_minutes")], [t("last")], [t("received"), "num"], [t("stored"), "num"], [t("duplicates"), "num"], [t("in_quarantine"), "num"], [t("spooled"), "num"], [t("last_error"), "wrap"]], feedRows())),
      known.servers.length ? el("div", { className: "card", tabIndex: 0, role: "region", "aria-label": t("servers") }, el("h2", {}, t("servers")),
        table(t("servers"), [[t("server")], [t("version")], [t("uptime")], [t("connections"), "num"], [t("cpu"), "num"], [t("memory"), "num"], [t("slow"), "num"]],
          known.servers.map((one) => [one.name, one.version, one.uptime, count(one.connections), `${one.cpu} %`, bytes(one.memory), count(one.slow)])))
        : el("p", { className: "lead" }, session.is_ops ? "" : t("no_servers")),
      el("div", { className: "card", tabIndex: 0, role: "region", "aria-label": t("streams") }, el("h2", {}, t("streams")),
        table(t("streams"), [[t("stream")], [t("messages"), "num"], [t("size"), "num"], [t("full")], [t("replicas"), "num"], [t("consumers")], [t("lag"), "num"]], streamRows())));
  }

  async function ask(path, keep) {
    try { keep(await get(path)); } finally { if (open) timers[path] = setTimeout(ask, AGAIN_MS, path, keep); }
    draw();
  }

  function enter() {
    open = true;
    draw();
    ask("bus", (told) => { known = told; });
    if (session.is_ops) ask("doctor", (told) => { complaints = told; });
  }

  return {
    take: (told) => { feeds = told; draw(); },
    words: draw,
    enter,
    leave: () => { open = false; Object.values(timers).forEach(clearTimeout); },
  };
}
