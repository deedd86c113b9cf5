// The control-flow profile of a program: function starts, which are targets of executed calls, and targets of
// indirect jumps.

import { effectsOf } from "../../isa/effects.ts";
import type { Row } from "../../isa/row.ts";

const pageOf = (ip: number): number => Math.floor(ip / 4096);
/** Pages, at most, that a function is assumed to extend over. */
const reach = 32;

/** Addresses by page, in ascending order within a page. */
class Addresses {
  readonly #pages = new Map<number, number[]>();
  readonly #known = new Set<number>();
  add(ip: number): void {
    if (this.#known.has(ip)) return;
    this.#known.add(ip);
    const there = this.#pages.get(pageOf(ip));
    if (!there) return void this.#pages.set(pageOf(ip), [ip]);
    const before = there.findIndex((address) => address >= ip);
    if (before < 0) there.push(ip);
    else there.splice(before, 0, ip);
  }
  get all(): number[] {
    return [...this.#known];
  }
  /** The last one at or before an address. */
  last(ip: number): number | undefined {
    for (let p = pageOf(ip); p > pageOf(ip) - reach; p--) {
      const found = this.#pages.get(p)?.findLast((address) => address <= ip);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  /** The first one after an address. */
  next(ip: number): number | undefined {
    for (let p = pageOf(ip); p < pageOf(ip) + reach; p++) {
      const found = this.#pages.get(p)?.find((address) => address > ip);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  /** Those from an address to before another. */
  *between(from: number, to: number): Iterable<number> {
    for (let p = pageOf(from); p <= pageOf(to); p++) for (const ip of this.#pages.get(p) ?? []) if (ip >= from && ip < to) yield ip;
  }
}

/** Transfers that are classified together. */
const maxPending = 1000;
/** Transfers that are known to be recorded. Indirect jumps with many targets report the same ones again. */
const mostKnown = 1 << 12;

/** Receives a transfer from an instruction at `site` with the row `row` to an address. */
type Transfer = (row: number, site: number, target: number) => void;

/** Function starts and indirect jump targets by address. */
export class ControlProfile {
  readonly #called = new Addresses();
  readonly #targets = new Addresses();
  /**
   * Transfers that are not classified yet. The effects of a row are expensive to compute, so they are
   * computed when the profile is first used.
   */
  #transfers: { readonly row: number; readonly site: number; readonly target: number }[] = [];
  readonly #row: (number: number) => Row;
  readonly #more: (record: Transfer) => void;

  /** `row` returns the row with a number. `more` passes the transfers that were noted elsewhere. */
  constructor(row: (number: number) => Row, more: (record: Transfer) => void) {
    this.#row = row;
    this.#more = more;
  }

  /** Records a transfer from an instruction at `site` with the row `row` to an address. */
  recordTransfer(row: number, site: number, target: number): void {
    this.#more(this.#note);
    this.#note(row, site, target);
    if (this.#transfers.length >= maxPending) this.#classify();
  }
  readonly #note: Transfer = (row, site, target) => {
    const n = (Math.imul(site | 0, 0x9e37_79b1) ^ Math.imul(target | 0, 0x85eb_ca6b)) >>> 20;
    if (this.#sites[n] === site && this.#knownTargets[n] === target) return;
    this.#sites[n] = site;
    this.#knownTargets[n] = target;
    this.#transfers.push({ row, site, target });
  };
  readonly #sites = new Float64Array(mostKnown);
  readonly #knownTargets = new Float64Array(mostKnown);
  noteFunction(target: number): void {
    this.#called.add(target);
  }
  #classify(): void {
    this.#more(this.#note);
    for (const { row, site, target } of this.#transfers) {
      const { calls, jumps, returns } = effectsOf(this.#row(row));
      if (calls) this.#called.add(target);
      else if (jumps && !returns && Math.abs(pageOf(site) - pageOf(target)) <= reach) this.#targets.add(target);
    }
    this.#transfers = [];
  }
  /** All function starts and jump targets. */
  get all(): { readonly called: number[]; readonly jumped: number[] } {
    this.#classify();
    return { called: this.#called.all, jumped: this.#targets.all };
  }
  /** Adds the profile of an earlier run. */
  preload({ called, jumped }: { readonly called: readonly number[]; readonly jumped: readonly number[] }): void {
    for (const ip of called) this.#called.add(ip);
    for (const ip of jumped) this.#targets.add(ip);
  }
  /** The start of the function around an address, as far as executed calls show it. */
  functionOf(ip: number): number | undefined {
    this.#classify();
    return this.#called.last(ip);
  }
  /**
   * Possible targets of an indirect jump: all targets of jumps of the same function. The interpreter does not
   * record which jump had which target.
   */
  targets(site: number): Iterable<number> {
    this.#classify();
    const far = reach * 4096;
    return this.#targets.between(this.#called.last(site) ?? site - far, this.#called.next(site) ?? site + far);
  }
}
