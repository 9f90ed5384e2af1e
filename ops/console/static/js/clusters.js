import { names } from "./kinds.js";

const CELL = 72;
const NEAR = 58;
const KINDS = names.length + 1;

/**
 * Gather what lies close together on the screen. The grid lies fast on the world, so clusters stay
 * where they are while the map is moved.
 * @param {import("./store.js").Store} store
 * @param {{left: number, top: number, right: number, bottom: number, size: number, alone: boolean}} view in pixels of the whole world
 * @param {Uint8Array} shown 1 for each kind that is shown
 */
export function gather(store, view, shown) {
  const cells = new Map();
  const found = [];
  const { x, y, kind, tone, used } = store;
  const columns = Math.ceil(view.size / CELL) + 1;
  const [west, east, north, south] = [view.left / view.size, view.right / view.size, view.top / view.size, view.bottom / view.size];
  for (let slot = 0; slot < used; slot++) {
    const px = x[slot];
    // What has no place is no number, and inside nothing.
    if (!(px >= west && px <= east) || !shown[kind[slot]]) continue;
    const py = y[slot];
    if (py < north || py > south) continue;
    const [wx, wy] = [px * view.size, py * view.size];
    const key = Math.floor(wy / CELL) * columns + Math.floor(wx / CELL);
    let cell = view.alone ? undefined : cells.get(key);
    if (cell === undefined) {
      cell = { x: 0, y: 0, count: 0, tone: 0, slot, kinds: new Uint32Array(KINDS) };
      if (!view.alone) cells.set(key, cell);
      found.push(cell);
    }
    cell.x += wx;
    cell.y += wy;
    cell.count++;
    cell.kinds[kind[slot]]++;
    if (tone[slot] > cell.tone) cell.tone = tone[slot];
  }
  for (const cell of found) { cell.x /= cell.count; cell.y /= cell.count; }
  return view.alone ? found : merged(found);
}

/** Join clusters whose circles would overlap; the larger takes the smaller. */
function merged(cells) {
  cells.sort((one, other) => other.count - one.count);
  const grid = new Map();
  const kept = [];
  for (const cell of cells) {
    const [gx, gy] = [Math.floor(cell.x / NEAR), Math.floor(cell.y / NEAR)];
    let near;
    for (let dx = -1; dx <= 1 && !near; dx++)
      for (let dy = -1; dy <= 1 && !near; dy++)
        near = grid.get(`${gx + dx},${gy + dy}`)?.find((one) => Math.hypot(one.x - cell.x, one.y - cell.y) < NEAR);
    if (near) {
      const all = near.count + cell.count;
      near.x += ((cell.x - near.x) * cell.count) / all;
      near.y += ((cell.y - near.y) * cell.count) / all;
      near.count = all;
      near.tone = Math.max(near.tone, cell.tone);
      for (let at = 0; at < KINDS; at++) near.kinds[at] += cell.kinds[at];
      continue;
    }
    kept.push(cell);
    const key = `${gx},${gy}`;
    if (!grid.has(key)) grid.set(key, []);
    grid.get(key).push(cell);
  }
  return kept;
}
