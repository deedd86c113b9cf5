// How control leaves a region. Ways out that store the same parts of the register file, to leave in the same manner, share the code for
// it: each such group is a wasm block around the region's code, with its code after it. Which groups there are is known last.
//
// A way out may store more than it must, as long as the locals hold it. So few groups are enough; only returns store no more than they must.
import { leave } from "../exit.ts";
import { type Body, op } from "../wasm.ts";
import { type Flow, type Parts, type Point, within } from "./flow.ts";

/** To the dispatcher; to another region if one begins there; to whoever called, or else to another region. */
export type Manner = "leave" | "jump" | "return";
export const mannerOf = (code: number): Manner => (code === leave.jumped ? "jump" : code === leave.returned ? "return" : "leave");

export interface Group {
  readonly manner: Manner;
  readonly parts: Parts;
}
/** What a way out has to store, and what it may store besides. */
interface Range {
  readonly least: Parts;
  readonly most: Parts;
}
const fits = (parts: Parts, { least, most }: Range): boolean => within(least, parts) && within(parts, most);

/** Few sets, one of which fits each of the ranges: the one that fits most of them first. */
const cover = (ranges: readonly Range[]): Parts[] => {
  const out: Parts[] = [];
  for (let rest = ranges; rest.length > 0; ) {
    const candidates = rest.flatMap(({ least, most }) => [most, least]);
    const count = (parts: Parts) => rest.reduce((n, range) => (fits(parts, range) ? n + 1 : n), 0);
    const counts = candidates.map(count);
    const best = candidates[counts.indexOf(Math.max(...counts))]!;
    out.push(best);
    rest = rest.filter((range) => !fits(best, range));
  }
  return out;
};

export class Exits {
  readonly #flow: Flow;
  readonly #all: { readonly point: Point; readonly manner: Manner }[] = [];
  #groups: readonly Group[] = [];
  constructor(flow: Flow) {
    this.#flow = flow;
  }
  /** Control leaves here; `depth` labels are open within the outermost group. */
  leave(b: Body, manner: Manner, depth: number): void {
    const point = this.#flow.point();
    this.#all.push({ point, manner });
    b.later((late) => {
      late.opcode(op.br);
      late.code.u(depth + this.#groupOf(point, manner));
    });
  }
  /** The same from a run of x87 instructions, all of which first lead to one place. */
  together(): void {
    this.#all.push({ point: this.#flow.point(true), manner: "leave" });
  }
  /** Where that leads then: the number of a group. */
  get ofThose(): number | undefined {
    const first = this.#all.find(({ point }) => point.shared);
    return first && this.#groupOf(first.point, first.manner);
  }
  #groupOf(point: Point, manner: Manner): number {
    const range = this.#rangeOf(point, manner);
    return this.#groups.findIndex((group) => group.manner === manner && fits(group.parts, range));
  }
  #rangeOf(point: Point, manner: Manner): Range {
    const least = this.#flow.toStore(point);
    return { least, most: manner === "return" ? least : this.#flow.storable(point) };
  }
  /** The flow is solved: the groups, innermost first. */
  group(): readonly Group[] {
    const ranges = new Map<Manner, Map<string, Range>>();
    for (const { point, manner } of this.#all) {
      const range = this.#rangeOf(point, manner);
      const there = ranges.get(manner) ?? new Map<string, Range>();
      ranges.set(manner, there.set(`${range.least} ${range.most}`, range));
    }
    this.#groups = [...ranges].flatMap(([manner, those]) => cover([...those.values()]).map((parts) => ({ manner, parts })));
    return this.#groups;
  }
}
