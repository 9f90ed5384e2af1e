import { gather } from "./clusters.js";
import { drawGraticule } from "./graticule.js";
import { drawHeat } from "./heat.js";
import { titled } from "./i18n.js";
import { colors, names, TONES, VEHICLE } from "./kinds.js";
import { EXTRA, LATITUDE, LONGITUDE, TITLE, UNIT, VALUE } from "./store.js";

const MARGIN = 0.12;
const ALONE_ZOOM = 16;
const FEW = 70;
const CLOSE = 16;
const { L } = window;

/** One canvas on which all records are drawn: fast where an element for each would not be. */
export const RecordLayer = L.Layer.extend({
  initialize(store) {
    this.store = store;
    this.shown = new Uint8Array(names.length + 1).fill(1);
    this.heat = "";
    this.chosen = "";
    this.drawn = [];
    this.frameMs = 0;
  },

  onAdd(map) {
    this.map = map;
    this.canvas = L.DomUtil.create("canvas", "leaflet-zoom-animated", this.getPane());
    this.canvas.setAttribute("aria-hidden", "true");
    this.context = this.canvas.getContext("2d");
    this.draw();
  },

  onRemove() { this.canvas.remove(); },

  getEvents() {
    return { move: this.redraw, moveend: this.redraw, zoomend: this.redraw, resize: this.redraw, zoomanim: this._animate, viewreset: this.redraw };
  },

  _animate({ center, zoom }) {
    const scale = this.map.getZoomScale(zoom, this.zoom);
    const half = this.map.getSize().multiplyBy(0.5 + MARGIN);
    const at = this.map.project(this.center, zoom);
    const offset = half.multiplyBy(-scale).add(at).subtract(this.map._getNewPixelOrigin(center, zoom));
    L.DomUtil.setTransform(this.canvas, offset, scale);
  },

  /** Draw before the next picture; many calls are one drawing. */
  redraw() {
    if (this.waiting || !this.map) return;
    this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.draw(); });
  },

  draw() {
    const began = performance.now();
    const { map, context } = this;
    const size = map.getSize();
    const [width, height] = [Math.round(size.x * (1 + 2 * MARGIN)), Math.round(size.y * (1 + 2 * MARGIN))];
    const ratio = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    this.center = map.getCenter();
    this.zoom = map.getZoom();
    const corner = map.containerPointToLayerPoint([-size.x * MARGIN, -size.y * MARGIN]).round();
    L.DomUtil.setTransform(this.canvas, corner, 1);
    const origin = map.getPixelOrigin().add(corner);
    const whole = 256 * 2 ** this.zoom;
    const project = (x, y) => [x * whole - origin.x, y * whole - origin.y];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    drawGraticule(context, map, width, height, (place) => map.latLngToLayerPoint(place).subtract(corner));
    if (this.heat) drawHeat(context, this.store, this.heat, project, width, height);
    this._areas(context, (place) => map.latLngToLayerPoint(place).subtract(corner));
    this._records(context, { left: origin.x, top: origin.y, right: origin.x + width, bottom: origin.y + height, size: whole, alone: this.zoom >= ALONE_ZOOM }, began);
    if (this.store.moving.size) this.redraw();
    this.frameMs = performance.now() - began;
  },

  _areas(context, toCanvas) {
    const { store } = this;
    const metres = 40075016.7 / (256 * 2 ** this.zoom);
    for (const slot of store.areas) {
      if (!this.shown[store.kind[slot]]) continue;
      const { p: rings = [], o: circles = [] } = store.rows[slot][EXTRA];
      const tone = TONES[store.tone[slot]];
      context.beginPath();
      for (const ring of rings) {
        ring.forEach((corner, at) => { const { x, y } = toCanvas(corner); if (at) context.lineTo(x, y); else context.moveTo(x, y); });
        context.closePath();
      }
      for (const [latitude, longitude, radius] of circles) {
        const { x, y } = toCanvas([latitude, longitude]);
        const pixels = radius / (metres * Math.cos((latitude * Math.PI) / 180));
        context.moveTo(x + pixels, y);
        context.arc(x, y, pixels, 0, 7);
      }
      context.fillStyle = `${tone}14`;
      context.fill("evenodd");
      context.setLineDash([7, 5]);
      context.lineWidth = 1.6;
      context.strokeStyle = `${tone}c0`;
      context.stroke();
      context.setLineDash([]);
    }
  },

  _records(context, view, now) {
    const { store } = this;
    this.drawn = gather(store, view, this.shown);
    const taken = [];
    const alone = [];
    for (const cluster of this.drawn) {
      const [x, y] = [cluster.x - view.left, cluster.y - view.top];
      if (cluster.count > 1) {
        const radius = this._cluster(context, cluster, x, y);
        taken.push([x - radius, y - radius, x + radius, y + radius]);
      } else alone.push(cluster);
    }
    for (const one of alone) {
      const [px, py] = store.place(one.slot, now);
      one.at = [px * view.size - view.left, py * view.size - view.top];
      this._one(context, one.slot, ...one.at);
    }
    if (alone.length <= FEW) for (const one of alone) this._label(context, one.slot, ...one.at, taken);
  },

  _cluster(context, cluster, x, y) {
    const radius = 13 + Math.min(15, 3.4 * Math.log2(cluster.count));
    context.beginPath();
    context.arc(x, y, radius, 0, 7);
    context.fillStyle = "#0d1729ee";
    context.fill();
    if (cluster.tone >= 3) {
      context.lineWidth = 7;
      context.strokeStyle = `${TONES[cluster.tone]}3c`;
      context.stroke();
    }
    let from = -Math.PI / 2;
    context.lineWidth = 4;
    for (let kind = 0; kind < cluster.kinds.length; kind++) {
      if (!cluster.kinds[kind]) continue;
      const to = from + (cluster.kinds[kind] / cluster.count) * 2 * Math.PI;
      context.beginPath();
      context.arc(x, y, radius - 2, from, to);
      context.strokeStyle = colors[kind];
      context.stroke();
      from = to;
    }
    context.font = `600 ${radius > 22 && cluster.count < 1000 ? 14 : 12}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = "#eef4ff";
    context.fillText(cluster.count < 10000 ? String(cluster.count) : `${Math.round(cluster.count / 1000)}k`, x, y + 0.5);
    context.textAlign = "start";
    context.textBaseline = "alphabetic";
    return radius;
  },

  _one(context, slot, x, y) {
    const { store } = this;
    const row = store.rows[slot];
    const [color, tone] = [colors[store.kind[slot]], store.tone[slot]];
    if (tone) {
      context.beginPath();
      context.arc(x, y, 12, 0, 7);
      context.fillStyle = `${TONES[tone]}36`;
      context.fill();
      context.lineWidth = 1.6;
      context.strokeStyle = TONES[tone];
      context.stroke();
    }
    context.beginPath();
    const course = row[EXTRA]?.c;
    if (store.kind[slot] === VEHICLE && course !== undefined) {
      const turn = ((course - 90) * Math.PI) / 180;
      for (const [angle, far] of [[0, 9], [2.5, 7], [Math.PI, 3], [-2.5, 7]]) context.lineTo(x + far * Math.cos(turn + angle), y + far * Math.sin(turn + angle));
      context.closePath();
    } else context.arc(x, y, 5.5, 0, 7);
    context.fillStyle = color;
    context.fill();
    context.lineWidth = 1.5;
    context.strokeStyle = "#081020";
    context.stroke();
    if (row[0] === this.chosen) {
      context.beginPath();
      context.arc(x, y, 17, 0, 7);
      context.lineWidth = 2;
      context.strokeStyle = "#fff";
      context.stroke();
    }
  },

  _label(context, slot, x, y, taken) {
    const row = this.store.rows[slot];
    const whole = titled(row[TITLE]);
    const title = whole.length > 22 ? `${whole.slice(0, 21)}…` : whole;
    const value = row[VALUE] && `${row[VALUE]} ${row[UNIT]}`;
    context.font = "12px system-ui, sans-serif";
    const width = Math.max(context.measureText(title).width, context.measureText(value).width);
    const box = [x + 12, y - 14, x + 14 + width, y + (value ? 16 : 4)];
    if (!title || taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return;
    taken.push(box);
    context.lineWidth = 3;
    context.strokeStyle = "#0a1220d0";
    for (const [text, down, color] of [[title, -2, "#c9d8f0"], [value, 13, "#ffffff"]]) {
      if (!text) continue;
      context.strokeText(text, x + 14, y + down);
      context.fillStyle = color;
      context.fillText(text, x + 14, y + down);
    }
  },

  /** Return what is drawn at a place: a cluster, a record, or nothing. */
  at(latlng) {
    const point = this.map.project(latlng, this.zoom);
    let best;
    let least = CLOSE;
    for (const cluster of this.drawn) {
      const reach = cluster.count > 1 ? 13 + Math.min(15, 3.4 * Math.log2(cluster.count)) : CLOSE;
      const far = Math.hypot(cluster.x - point.x, cluster.y - point.y);
      if (far <= reach && far < Math.max(least, reach)) { best = cluster; least = far; }
    }
    return best ?? this._areaAt(latlng);
  },

  _areaAt({ lat, lng }) {
    for (const slot of this.store.areas) {
      if (!this.shown[this.store.kind[slot]]) continue;
      const { p: rings = [], o: circles = [] } = this.store.rows[slot][EXTRA];
      const inside = rings.some((ring) => ring.reduce((is, [y, x], at) => {
        const [oy, ox] = ring[(at || ring.length) - 1];
        return (y > lat) !== (oy > lat) && lng < ((ox - x) * (lat - y)) / (oy - y) + x ? !is : is;
      }, false));
      if (inside || circles.some(([y, x, r]) => this.map.distance([y, x], [lat, lng]) <= r)) return { count: 1, slot };
    }
    return undefined;
  },

  /** Return the box of all that has a place; undefined: nothing has. */
  bounds() {
    const box = L.latLngBounds([]);
    const [ys, xs] = [[], []];
    for (const row of this.store.all()) if (row[LATITUDE] !== null) { ys.push(row[LATITUDE]); xs.push(row[LONGITUDE]); }
    if (!xs.length) return undefined;
    xs.sort((one, other) => one - other);
    ys.sort((one, other) => one - other);
    // A few that lie far away would make the city small.
    const [low, high] = [Math.floor(xs.length * 0.02), Math.ceil(xs.length * 0.98) - 1];
    return box.extend([ys[low], xs[low]]).extend([ys[high], xs[high]]);
  },
});
