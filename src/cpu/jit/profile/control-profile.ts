// What is known of a program's shape from running it: where functions begin (somebody called there), and where computed jumps go.

import { effectsOf } from "../../isa/effects.ts";
import type { Row } from "../../isa/row.ts";

const pageOf = (ip: number): number => Math.floor(ip / 4096);
/** How many pages a function is taken to reach at most. */
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
    const before = there.findIndex((known) => known >= ip);
    if (before < 0) there.push(ip);
    else there.splice(before, 0, ip);
  }
  get all(): number[] {
    return [...this.#known];
  }
  /** The last one at or before an address. */
  last(ip: number): number | undefined {
    for (let p = pageOf(ip); p > pageOf(ip) - reach; p--) {
      const found = this.#pages.get(p)?.findLast((known) => known <= ip);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  /** The first one after an address. */
  next(ip: number): number | undefined {
    for (let p = pageOf(ip); p < pageOf(ip) + reach; p++) {
      const found = this.#pages.get(p)?.find((known) => known > ip);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  /** Those from an address to before another. */
  *between(from: number, to: number): Iterable<number> {
    for (let p = pageOf(from); p <= pageOf(to); p++) for (const ip of this.#pages.get(p) ?? []) if (ip >= from && ip < to) yield ip;
  }
}

/** Ways that are looked into together at the latest. */
const mostWays = 1000;

export class CodeMap {
  readonly #called = new Addresses();
  readonly #targets = new Addresses();
  /** Ways that control went. What the rows at their beginnings do takes longer to find out than many a program runs: it is when somebody wants to know. */
  #ways: { readonly row: number; readonly site: number; readonly target: number }[] = [];
  readonly #row: (number: number) => Row;

  /** `row`: by its number. */
  constructor(row: (number: number) => Row) {
    this.#row = row;
  }

  /** Control went from an instruction, of a row by its number, to an address. */
  went(row: number, site: number, target: number): void {
    this.#ways.push({ row, site, target });
    if (this.#ways.length === mostWays) this.#settle();
  }
  called(target: number): void {
    this.#called.add(target);
  }
  #settle(): void {
    for (const { row, site, target } of this.#ways) {
      const { calls, jumps, returns } = effectsOf(this.#row(row));
      if (calls) this.#called.add(target);
      else if (jumps && !returns && Math.abs(pageOf(site) - pageOf(target)) <= reach) this.#targets.add(target);
    }
    this.#ways = [];
  }
  /** All that is known. */
  get all(): { readonly called: number[]; readonly jumped: number[] } {
    this.#settle();
    return { called: this.#called.all, jumped: this.#targets.all };
  }
  /** The same of an earlier run. */
  learn({ called, jumped }: { readonly called: readonly number[]; readonly jumped: readonly number[] }): void {
    for (const ip of called) this.#called.add(ip);
    for (const ip of jumped) this.#targets.add(ip);
  }
  /** Where the function around an address begins, as far as calls have shown. */
  functionOf(ip: number): number | undefined {
    this.#settle();
    return this.#called.last(ip);
  }
  /** Where a computed jump may go: to what any jump of the same function went to. The interpreter does not tell which jump it was. */
  targets(site: number): Iterable<number> {
    this.#settle();
    const far = reach * 4096;
    return this.#targets.between(this.#called.last(site) ?? site - far, this.#called.next(site) ?? site + far);
  }
}
