import { kindOf, names } from "./kinds.js";

/** Places of a record in its row, as the server sends it. */
export const NAME = 0, LATITUDE = 1, LONGITUDE = 2, OBSERVED = 3, TITLE = 4, VALUE = 5, UNIT = 6, TONE = 7, DISTRICT = 8, EXTRA = 9;
const MOVES_MS = 900;

/** Records as the map draws them: columns of numbers, in Web Mercator from 0 to 1. */
export class Store {
  constructor() {
    this.slots = new Map();
    this.free = [];
    this.used = 0;
    this.rows = [];
    this.counts = new Uint32Array(names.length + 1);
    this.moving = new Map();
    this.areas = new Set();
    this.placeless = 0;
    this.#grow(4096);
  }

  #grow(size) {
    const grown = (Type, old) => { const fresh = new Type(size); if (old) fresh.set(old); return fresh; };
    this.x = grown(Float64Array, this.x);
    this.y = grown(Float64Array, this.y);
    this.kind = grown(Uint8Array, this.kind);
    this.tone = grown(Uint8Array, this.tone);
  }

  get size() { return this.slots.size; }

  /** Take a row: a record that is new, or another now. */
  put(row) {
    const name = row[NAME];
    let slot = this.slots.get(name);
    if (slot === undefined) {
      slot = this.free.pop() ?? this.used++;
      if (slot >= this.x.length) this.#grow(this.x.length * 2);
      this.slots.set(name, slot);
      this.kind[slot] = kindOf(name);
      this.counts[this.kind[slot]]++;
      this.x[slot] = NaN;
      this.placeless++;
    }
    const had = this.x[slot];
    const old = [had, this.y[slot]];
    if (row[LATITUDE] === null) this.x[slot] = NaN;
    else {
      this.x[slot] = row[LONGITUDE] / 360 + 0.5;
      const sine = Math.sin((row[LATITUDE] * Math.PI) / 180);
      this.y[slot] = 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
    }
    this.placeless += Number(Number.isNaN(this.x[slot])) - Number(Number.isNaN(had));
    if (!Number.isNaN(had) && (had !== this.x[slot] || old[1] !== this.y[slot])) this.moving.set(slot, { old, since: performance.now() });
    this.tone[slot] = row[TONE];
    this.rows[slot] = row;
    if (row[EXTRA]?.p || row[EXTRA]?.o) this.areas.add(slot); else this.areas.delete(slot);
  }

  /** Forget a record. */
  drop(name) {
    const slot = this.slots.get(name);
    if (slot === undefined) return;
    this.slots.delete(name);
    this.counts[this.kind[slot]]--;
    if (Number.isNaN(this.x[slot])) this.placeless--;
    this.x[slot] = NaN;
    this.rows[slot] = undefined;
    this.areas.delete(slot);
    this.moving.delete(slot);
    this.free.push(slot);
  }

  /** Return where a record is drawn now: on its way from where it was. */
  place(slot, now) {
    const move = this.moving.get(slot);
    if (!move) return [this.x[slot], this.y[slot]];
    const part = (now - move.since) / MOVES_MS;
    if (part >= 1) { this.moving.delete(slot); return [this.x[slot], this.y[slot]]; }
    const eased = part * (2 - part);
    return [move.old[0] + (this.x[slot] - move.old[0]) * eased, move.old[1] + (this.y[slot] - move.old[1]) * eased];
  }

  /** Yield the rows of all records. */
  * all() { for (const slot of this.slots.values()) yield this.rows[slot]; }
}
