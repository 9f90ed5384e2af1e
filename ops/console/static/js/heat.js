import { names } from "./kinds.js";
import { EXTRA } from "./store.js";

const CELL = 10;
const REACH = 2;
const KINDS = {
  people: new Set([names.indexOf("traffic.crowd")]),
  rain: new Set([names.indexOf("water.rainfall"), names.indexOf("weather.observation")]),
};
const PALETTES = {
  people: ["#5b2a8600", "#6d2a8ea0", "#c2378bc8", "#ff7a59d8", "#ffe08ae8"],
  rain: ["#14508c00", "#1a5aa090", "#1f9fd6b8", "#4fe3c8d0", "#f5f79ae0"],
};
const ramps = new Map();

/** Return 256 colours from nothing to the most. @param {string} what */
function ramp(what) {
  if (ramps.has(what)) return ramps.get(what);
  const context = new OffscreenCanvas(256, 1).getContext("2d");
  const gradient = context.createLinearGradient(0, 0, 256, 0);
  PALETTES[what].forEach((color, at, all) => gradient.addColorStop(at / (all.length - 1), color));
  context.fillStyle = gradient;
  context.fillRect(0, 0, 256, 1);
  ramps.set(what, context.getImageData(0, 0, 256, 1).data);
  return ramps.get(what);
}

/** Spread a grid's values over their neighbours: boxes one after the other come near a bell. */
function spread(grid, columns, rows) {
  const half = new Float32Array(grid.length);
  for (let pass = 0; pass < 3; pass++) {
    for (const [from, to, step, across, length, next] of [[grid, half, 1, rows, columns, columns], [half, grid, columns, columns, rows, 1]]) {
      for (let line = 0; line < across; line++) {
        const start = line * next;
        let sum = 0;
        for (let at = 0; at < REACH; at++) sum += from[start + at * step];
        for (let at = 0; at < length; at++) {
          if (at + REACH < length) sum += from[start + (at + REACH) * step];
          if (at - REACH - 1 >= 0) sum -= from[start + (at - REACH - 1) * step];
          to[start + at * step] = sum / (2 * REACH + 1);
        }
      }
    }
  }
}

/**
 * Draw where people crowd or rain falls, by the weights of the records: people add up, of rain
 * the mean is shown.
 * @param {CanvasRenderingContext2D} target @param {import("./store.js").Store} store
 * @param {"people"|"rain"} what @param {(x: number, y: number) => [number, number]} project to pixels of the canvas
 */
export function drawHeat(target, store, what, project, width, height) {
  const [columns, rows] = [Math.ceil(width / CELL), Math.ceil(height / CELL)];
  const [weights, counts] = [new Float32Array(columns * rows), new Float32Array(columns * rows)];
  for (let slot = 0; slot < store.used; slot++) {
    if (!KINDS[what].has(store.kind[slot]) || Number.isNaN(store.x[slot])) continue;
    const [x, y] = project(store.x[slot], store.y[slot]);
    const [column, row] = [Math.floor(x / CELL), Math.floor(y / CELL)];
    if (column < 0 || row < 0 || column >= columns || row >= rows) continue;
    weights[row * columns + column] += store.rows[slot][EXTRA]?.w ?? 0;
    counts[row * columns + column]++;
  }
  spread(weights, columns, rows);
  if (what === "rain") {
    spread(counts, columns, rows);
    for (let at = 0; at < weights.length; at++) weights[at] /= counts[at] + 0.02;
  }
  const most = weights.reduce((one, other) => Math.max(one, other), 0) || 1;
  const image = new ImageData(columns, rows);
  const colors = ramp(what);
  for (let at = 0; at < weights.length; at++) {
    const level = Math.round(Math.sqrt(Math.max(0, weights[at]) / most) * 255) * 4;
    image.data.set(colors.subarray(level, level + 4), at * 4);
  }
  const canvas = new OffscreenCanvas(columns, rows);
  canvas.getContext("2d").putImageData(image, 0, 0);
  target.imageSmoothingEnabled = true;
  target.imageSmoothingQuality = "high";
  target.drawImage(canvas, 0, 0, columns * CELL, rows * CELL);
}
