import { names } from "./kinds.js";
import { EXTRA } from "./store.js";

const COARSE = 3;
const RADIUS = 54;
const KINDS = {
  people: new Set([names.indexOf("traffic.crowd")]),
  rain: new Set([names.indexOf("water.rainfall"), names.indexOf("weather.observation")]),
};
const PALETTES = {
  people: ["#0000", "#5b2a86a0", "#c2378bc0", "#ff7a59d0", "#ffe08ae0"],
  rain: ["#0000", "#14508ca0", "#1f9fd6c0", "#4fe3c8d0", "#f5f79ae0"],
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

const stamp = (() => {
  const size = (RADIUS / COARSE) * 2;
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d");
  const gradient = context.createRadialGradient(size / 2, size / 2, 0, size / 2, size / 2, size / 2);
  gradient.addColorStop(0, "#000");
  gradient.addColorStop(1, "#0000");
  context.fillStyle = gradient;
  context.fillRect(0, 0, size, size);
  return canvas;
})();

/**
 * Draw where people crowd or rain falls, by the weights of the records.
 * @param {CanvasRenderingContext2D} target @param {import("./store.js").Store} store
 * @param {"people"|"rain"} what @param {(x: number, y: number) => [number, number]} project to pixels of the canvas
 */
export function drawHeat(target, store, what, project, width, height) {
  const canvas = new OffscreenCanvas(Math.ceil(width / COARSE), Math.ceil(height / COARSE));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let most = 0;
  const weighted = [];
  for (let slot = 0; slot < store.used; slot++) {
    if (!KINDS[what].has(store.kind[slot]) || Number.isNaN(store.x[slot])) continue;
    const weight = store.rows[slot]?.[EXTRA]?.w ?? 0;
    if (weight > 0) weighted.push([slot, weight]);
    most = Math.max(most, weight);
  }
  const size = stamp.width;
  for (const [slot, weight] of weighted) {
    const [x, y] = project(store.x[slot], store.y[slot]);
    context.globalAlpha = Math.max(0.12, Math.min(1, weight / most) * 0.85);
    context.drawImage(stamp, x / COARSE - size / 2, y / COARSE - size / 2);
  }
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  const colors = ramp(what);
  const data = image.data;
  for (let at = 0; at < data.length; at += 4) {
    const level = data[at + 3] * 4;
    if (!level) continue;
    data[at] = colors[level];
    data[at + 1] = colors[level + 1];
    data[at + 2] = colors[level + 2];
    data[at + 3] = colors[level + 3];
  }
  context.putImageData(image, 0, 0);
  target.imageSmoothingEnabled = true;
  target.drawImage(canvas, 0, 0, canvas.width * COARSE, canvas.height * COARSE);
}
