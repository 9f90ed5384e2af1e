const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

/** Draw meridians and parallels, so that a map without tiles has a scale and a place. */
export function drawGraticule(context, map, width, height, toCanvas) {
  const bounds = map.getBounds();
  const span = bounds.getEast() - bounds.getWest();
  // A label needs some 130 pixels.
  const step = STEPS.findLast((one) => (one / span) * map.getSize().x >= 130) ?? STEPS[0];
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  context.lineWidth = 1;
  context.strokeStyle = "#6c8fc722";
  context.fillStyle = "#7f96bd99";
  context.font = "11px system-ui, sans-serif";
  context.beginPath();
  const texts = [];
  for (let at = Math.ceil(bounds.getWest() / step) * step; at < bounds.getEast(); at += step) {
    const x = Math.round(toCanvas([bounds.getSouth(), at]).x) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, height);
    texts.push([`${Math.abs(at).toFixed(digits)}°${at < 0 ? "W" : "E"}`, x + 5, toCanvas([bounds.getNorth(), at]).y + 16]);
  }
  for (let at = Math.ceil(bounds.getSouth() / step) * step; at < bounds.getNorth(); at += step) {
    const y = Math.round(toCanvas([at, bounds.getWest()]).y) + 0.5;
    context.moveTo(0, y);
    context.lineTo(width, y);
    texts.push([`${Math.abs(at).toFixed(digits)}°${at < 0 ? "S" : "N"}`, toCanvas([at, bounds.getEast()]).x - 52, y - 5]);
  }
  context.stroke();
  for (const text of texts) context.fillText(...text);
}
