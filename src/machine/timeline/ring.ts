// The snapshots of a timeline: dense near its end, sparse in its past, bounded in memory.
import { compareMoments, type Moment } from "../moment.ts";
import type { SavedState } from "../snapshot/snapshot.ts";

/** A snapshot on a timeline. */
export interface RingEntry {
  readonly moment: Moment;
  /** Events of the owner that have been delivered. */
  readonly events: number;
  /** Milliseconds of the host that the run from the beginning to here takes. */
  readonly work: number;
  readonly state: SavedState;
  /** Bytes of standard output and error so far. */
  readonly written: readonly [stdout: number, stderr: number];
}

/** Bytes of an object of the graph, about. */
const ITEM = 300;
const PAGE = 4096;

/** The bytes of a snapshot that `before` does not share with it. */
const ownBytes = ({ graph, pages }: SavedState, before: SavedState | undefined): number => {
  const shared = new Set(before?.pages.bytes);
  let own = 0;
  for (const page of pages.bytes) if (page && !shared.has(page)) own++;
  return own * PAGE + graph.items.length * ITEM + pages.numbers.length * 16;
};

/** Snapshots in order of their moments. The first one stays. */
export class Ring {
  private readonly _entries: RingEntry[];
  private readonly _bytes: number[];
  private readonly _most: number;

  /** `most`: bytes of the host's memory, about. */
  constructor(most: number, entries: readonly RingEntry[] = []) {
    this._most = most;
    this._entries = [...entries];
    this._bytes = entries.map((entry, i) => ownBytes(entry.state, entries[i - 1]?.state));
  }
  get entries(): readonly RingEntry[] {
    return this._entries;
  }
  /** Bytes of the host's memory, about. */
  get bytes(): number {
    return this._bytes.reduce((sum, n) => sum + n, 0);
  }
  private _place(moment: Moment): number {
    let [from, to] = [0, this._entries.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (compareMoments((this._entries[middle] as RingEntry).moment, moment) <= 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }
  /** The last snapshot at a moment or before it. */
  at(moment: Moment): RingEntry | undefined {
    return this._entries[this._place(moment) - 1];
  }
  /** The first snapshot after a moment. */
  after(moment: Moment): RingEntry | undefined {
    return this._entries[this._place(moment)];
  }
  /** Adds a snapshot. One with the same moment stays as it is. */
  add(entry: RingEntry): void {
    const i = this._place(entry.moment);
    const before = this._entries[i - 1];
    if (before && compareMoments(before.moment, entry.moment) === 0) return;
    this._entries.splice(i, 0, entry);
    this._bytes.splice(i, 0, ownBytes(entry.state, before?.state));
    while (this.bytes > this._most && this._entries.length > 2) this._thin(entry);
  }
  /** The snapshots up to a moment. */
  until(moment: Moment): readonly RingEntry[] {
    return this._entries.slice(0, this._place(moment));
  }
  /** Drops the snapshot whose absence costs least: the gap that it leaves, beside its age. */
  private _thin(fresh: RingEntry): void {
    const { work: now } = this._entries.at(-1) as RingEntry;
    let least = Infinity;
    let victim = 1;
    for (let i = 1; i < this._entries.length; i++) {
      const entry = this._entries[i] as RingEntry;
      if (entry === fresh) continue;
      const before = (this._entries[i - 1] as RingEntry).work;
      const after = this._entries[i + 1]?.work ?? now + 1;
      const cost = (after - before) / (now - entry.work + 1);
      if (cost < least) [least, victim] = [cost, i];
    }
    this._entries.splice(victim, 1);
    this._bytes.splice(victim, 1);
    const next = this._entries[victim];
    if (next) this._bytes[victim] = ownBytes(next.state, this._entries[victim - 1]?.state);
  }
}
