// What a region was made from, so that it can be told later whether its code is still that. Most of a page is the same after a write to it: a
// program that makes code puts one function beside the other. And much that is written anew differs in immediates alone: the region that is
// made next reads them where they lie. Dehnert et al., "The Transmeta Code Morphing Software", CGO 2003, on self-modifying code.

import type { Decoded } from "../../decode/decoder.ts";
import type { Blocks } from "../../interp/block-cache.ts";
import { byteUse } from "../../interp/code-bytes.ts";
import { sizeIndex } from "../../isa/row.ts";
import { record } from "../../machine/layout.ts";
import type { Code } from "../cache/format.ts";
import type { Graph, JitBlock } from "../cfg/graph.ts";

export interface Immediate {
  /** Of its first byte. */
  readonly address: number;
  readonly bits: 32 | 64;
}
/** An instruction's immediate, if it is no more than a number to the meaning (short ones select, shift and count), and lies on one page. */
export const longImmediate = (d: Decoded): Immediate | undefined => {
  const o = d.row.shape.immediates[0];
  const bits = o && (o.spec === "Iz" || o.spec === "Iv") ? o.widths[sizeIndex(d.size)] : 0;
  if (bits !== 32 && bits !== 64) return undefined;
  const end = d.ip + d.length;
  const address = end - bits / 8;
  return Math.floor(address / 4096) === Math.floor((end - 1) / 4096) ? { address, bits } : undefined;
};

/** Where a byte of a region's code lies in memory. */
export const placeOf = ({ pages }: Graph, address: number): number => {
  const frame = pages.get(Math.floor(address / 4096));
  if (frame === undefined) throw new Error("code on no page of its region");
  return frame + (address % 4096);
};

export type Change = "none" | "immediates" | "code";

/** A part of a block that lies on one page, as it was. */
interface Part {
  readonly block: JitBlock;
  readonly address: number;
  readonly place: number;
  readonly bytes: Uint8Array;
}

export class Source {
  readonly #parts: Part[] = [];
  readonly #immediates = new Map<JitBlock, ReadonlySet<number>>();

  constructor(u8: Uint8Array, graph: Graph) {
    for (const block of graph.blocks.values()) {
      this.#add(u8, graph, block, block.ip, block.end);
      if (block.stub) this.#add(u8, graph, block, block.stub.ip, block.stub.end);
    }
  }
  #add(u8: Uint8Array, graph: Graph, block: JitBlock, from: number, end: number): void {
    for (let address = from; address < end; ) {
      const next = Math.min(end, (Math.floor(address / 4096) + 1) * 4096);
      const place = placeOf(graph, address);
      this.#parts.push({ block, address, place, bytes: u8.slice(place, place + next - address) });
      address = next;
    }
  }

  /** All of it, by where each run of it begins. */
  code(): Code[] {
    const all: { readonly address: number; bytes: Uint8Array }[] = [];
    for (const { block, address, bytes } of this.#parts) {
      const before = all.at(-1);
      const goesOn = before && address === before.address + before.bytes.length && address !== block.ip && address !== block.stub?.ip;
      if (goesOn) before.bytes = Uint8Array.of(...before.bytes, ...bytes);
      else all.push({ address, bytes });
    }
    return all;
  }
  /** What is different now. */
  change(u8: Uint8Array): Change {
    let change: Change = "none";
    for (const { block, address, place, bytes } of this.#parts)
      for (let n = 0; n < bytes.length; n++) {
        if (u8[place + n] === bytes[n]) continue;
        if (!this.#immediatesOf(block).has(address + n)) return "code";
        change = "immediates";
      }
    return change;
  }
  /** Notes which bytes of a frame a region is made of that is `patched` (region-plan.ts), or not. */
  mark(frame: number, marks: Uint8Array, patched: boolean): void {
    for (const { block, address, place, bytes } of this.#parts) {
      const from = place - frame;
      if (from < 0 || from >= marks.length) continue;
      for (let n = 0; n < bytes.length; n++) {
        const is = patched && this.#immediatesOf(block).has(address + n) ? byteUse.immediate : byteUse.region;
        marks[from + n] = Math.max(marks[from + n] as number, is);
      }
    }
  }
  /** Addresses of their bytes. */
  #immediatesOf(block: JitBlock): ReadonlySet<number> {
    let known = this.#immediates.get(block);
    if (!known) {
      const all = block.instructions.map(longImmediate).filter((i) => i !== undefined);
      known = new Set(all.flatMap(({ address, bits }) => Array.from({ length: bits / 8 }, (_, n) => address + n)));
      this.#immediates.set(block, known);
    }
    return known;
  }
}

/** Blocks as they were when they were first met, to tell whether one has been written anew by the time that it is hot. */
export class FirstMet {
  readonly #blocks: Blocks;
  readonly #codes = new Map<number, { readonly place: number; readonly bytes: Uint8Array }>();
  constructor(blocks: Blocks) {
    this.#blocks = blocks;
  }
  /** By its first record. */
  note(key: number, head: number): void {
    const blocks = this.#blocks;
    const last = head + Math.max(0, blocks.records.remainingOf(head) - 1) * record.size;
    const place = this.#placeOf(blocks.records.ipOf(head));
    this.#codes.set(key, { place, bytes: blocks.bytes.slice(place, place + blocks.records.nextIpOf(last) - blocks.records.ipOf(head)) });
  }
  isNew(key: number, ip: number): boolean {
    const was = this.#codes.get(key);
    return was?.place === this.#placeOf(ip) && was.bytes.some((byte, n) => byte !== this.#blocks.bytes[was.place + n]);
  }
  #placeOf(ip: number): number {
    return this.#blocks.frameOf(ip) + (ip % 4096);
  }
}

/** Lost regions that are kept. */
const kept = 256;

/** Regions that were lost with a page they were made from, until control comes to them again. */
export class Lost<R extends { readonly graph: Graph; readonly context: number }> {
  /** By where the first bytes of their entries lie: all that have ever been lost, for they will be again. */
  readonly #byPlace = new Map<number, R[]>();
  readonly #regions = new Set<R>();
  readonly #gone: (region: R) => void;
  /** `gone`: told of those for which there is no room. */
  constructor(gone: (region: R) => void) {
    this.#gone = gone;
  }
  get size(): number {
    return this.#regions.size;
  }
  get all(): Iterable<R> {
    return this.#regions;
  }
  add(region: R): void {
    this.#regions.add(region);
    for (const entry of region.graph.entries) {
      const place = placeOf(region.graph, entry);
      const there = this.#byPlace.get(place);
      if (!there) this.#byPlace.set(place, [region]);
      else if (!there.includes(region)) there.push(region);
    }
    if (this.#regions.size > kept) this.#gone(this.#regions.values().next().value as R);
  }
  /** The region that could be entered at an address when the byte there was at this place. */
  at(place: number, ip: number, context: number): R | undefined {
    return this.#byPlace
      .get(place)
      ?.findLast((region) => this.#regions.has(region) && region.context === context && region.graph.entries.includes(ip));
  }
  /** It is there again. */
  found(region: R): void {
    this.#regions.delete(region);
  }
  /** It will never be again. */
  forget(region: R): void {
    this.#regions.delete(region);
    for (const entry of region.graph.entries) {
      const place = placeOf(region.graph, entry);
      const there = this.#byPlace.get(place)?.filter((r) => r !== region);
      if (there?.length) this.#byPlace.set(place, there);
      else this.#byPlace.delete(place);
    }
  }
  /** All of them go. */
  clear(): void {
    for (const region of [...this.#regions]) this.#gone(region);
  }
}
