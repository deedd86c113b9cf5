// The bytes that a region was compiled from. They decide later if the region is still valid.
// Most of a page is unchanged after a write to it, because programs that generate code put functions side by
// side. Much regenerated code differs in immediates only. The next region for such code reads its immediates
// from memory.
// Dehnert et al., "The Transmeta Code Morphing Software", CGO 2003, section on self-modifying code.

import type { Decoded } from "../../decode/decoder.ts";
import type { Blocks } from "../../interp/block-cache.ts";
import { byteUse } from "../../interp/code-bytes.ts";
import { sizeIndex } from "../../isa/row.ts";
import { record } from "../../machine/layout.ts";
import type { CachedCodeBytes } from "../cache/format.ts";
import type { BlockGraph, JitBlock } from "../cfg/graph.ts";
import { Recent } from "../profile/recent.ts";

/** An immediate operand in code. */
export interface Immediate {
  /** Address of its first byte. */
  readonly address: number;
  readonly bits: 32 | 64;
}
/**
 * The immediate of an instruction, if its meaning uses it only as a number and it lies on one page. Short
 * immediates are excluded: meanings use them as selectors and counts.
 */
export const longImmediate = (d: Decoded): Immediate | undefined => {
  const o = d.row.shape.immediates[0];
  const bits = o && (o.spec === "Iz" || o.spec === "Iv") ? o.widths[sizeIndex(d.size)] : 0;
  if (bits !== 32 && bits !== 64) return undefined;
  const end = d.ip + d.length;
  const address = end - bits / 8;
  return Math.floor(address / 4096) === Math.floor((end - 1) / 4096) ? { address, bits } : undefined;
};

/**
 * The offset in machine memory of a byte of a region's code. Throws if the address is on no page of the
 * region.
 */
export const memoryAddressOf = ({ pages }: BlockGraph, address: number): number => {
  const frame = pages.get(Math.floor(address / 4096));
  if (frame === undefined) throw new Error("the address is on no page of the region");
  return frame + (address % 4096);
};

/** The difference between a snapshot and memory: "immediates" if nothing but long immediates differs. */
export type CodeChange = "none" | "immediates" | "code";

/** The recorded bytes of the part of a block that lies on one page. */
interface CodePiece {
  readonly block: JitBlock;
  readonly address: number;
  readonly location: number;
  readonly bytes: Uint8Array;
}

/** The code bytes of one region, page by page. */
export class CodeSnapshot {
  readonly #pieces: CodePiece[] = [];
  readonly #immediates = new Map<JitBlock, ReadonlySet<number>>();

  constructor(u8: Uint8Array, graph: BlockGraph) {
    for (const block of graph.blocks.values()) {
      this.#add(u8, graph, block, block.ip, block.end);
      if (block.stub) this.#add(u8, graph, block, block.stub.ip, block.stub.end);
    }
  }
  #add(u8: Uint8Array, graph: BlockGraph, block: JitBlock, from: number, end: number): void {
    for (let address = from; address < end; ) {
      const next = Math.min(end, (Math.floor(address / 4096) + 1) * 4096);
      const location = memoryAddressOf(graph, address);
      this.#pieces.push({ block, address, location, bytes: u8.slice(location, location + next - address) });
      address = next;
    }
  }

  /**
   * The whole snapshot, merged into byte ranges that are contiguous. Each block starts a range of its own.
   */
  code(): CachedCodeBytes[] {
    const all: { readonly address: number; bytes: Uint8Array }[] = [];
    for (const { block, address, bytes } of this.#pieces) {
      const before = all.at(-1);
      const continues = before && address === before.address + before.bytes.length && address !== block.ip && address !== block.stub?.ip;
      if (continues) before.bytes = Uint8Array.of(...before.bytes, ...bytes);
      else all.push({ address, bytes });
    }
    return all;
  }
  /** Compares the snapshot with the bytes in memory. */
  change(u8: Uint8Array): CodeChange {
    let change: CodeChange = "none";
    for (const { block, address, location, bytes } of this.#pieces)
      for (let n = 0; n < bytes.length; n++) {
        if (u8[location + n] === bytes[n]) continue;
        if (!this.#immediatesOf(block).has(address + n)) return "code";
        change = "immediates";
      }
    return change;
  }
  /**
   * Records in `marks` which bytes of a frame the region was compiled from. Immediates of a `patched` region
   * (region-plan.ts) get a class of their own.
   */
  classifyBytes(frame: number, marks: Uint8Array, patched: boolean): void {
    for (const { block, address, location, bytes } of this.#pieces) {
      const from = location - frame;
      if (from < 0 || from >= marks.length) continue;
      for (let n = 0; n < bytes.length; n++) {
        const is = patched && this.#immediatesOf(block).has(address + n) ? byteUse.immediate : byteUse.region;
        marks[from + n] = Math.max(marks[from + n] as number, is);
      }
    }
  }
  /** Addresses of all bytes of long immediates of a block. */
  #immediatesOf(block: JitBlock): ReadonlySet<number> {
    let addresses = this.#immediates.get(block);
    if (!addresses) {
      const all = block.instructions.map(longImmediate).filter((i) => i !== undefined);
      addresses = new Set(all.flatMap(({ address, bits }) => Array.from({ length: bits / 8 }, (_, n) => address + n)));
      this.#immediates.set(block, addresses);
    }
    return addresses;
  }
}

/**
 * The hashes of blocks at their first sample. They show whether a block has been rewritten by the time that
 * it is hot.
 */
export class FirstReached {
  readonly #blocks: Blocks;
  readonly #codes = new Recent<{ readonly location: number; readonly length: number; readonly hash: number }>();
  constructor(blocks: Blocks) {
    this.#blocks = blocks;
  }
  /** Records the block that begins with the record `head`. */
  note(key: number, head: number): void {
    const blocks = this.#blocks;
    const last = head + Math.max(0, blocks.records.remainingOf(head) - 1) * record.size;
    const location = this.#placeOf(blocks.records.ipOf(head));
    const length = blocks.records.nextIpOf(last) - blocks.records.ipOf(head);
    this.#codes.set(key, { location, length, hash: this.#hashOf(location, length) });
  }
  hasChanged(key: number, ip: number): boolean {
    const was = this.#codes.get(key);
    return was?.location === this.#placeOf(ip) && was.hash !== this.#hashOf(was.location, was.length);
  }
  /** FNV-1a: an object for the bytes of each block would be several times as large. */
  #hashOf(location: number, length: number): number {
    const { bytes } = this.#blocks;
    let hash = 0x811c_9dc5 | 0;
    for (let n = location; n < location + length; n++) hash = Math.imul(hash ^ (bytes[n] as number), 0x0100_0193);
    return hash;
  }
  #placeOf(ip: number): number {
    return this.#blocks.frameOf(ip) + (ip % 4096);
  }
}

/** Upper bound of the invalid regions that are stored. */
const maxInvalid = 256;

/**
 * Regions that were invalidated with a page of their code, stored until control reaches one of their entries
 * again.
 */
export class InvalidRegions<R extends { readonly graph: BlockGraph; readonly context: number }> {
  /**
   * By the location of the first byte of each entry. Regions that were revalidated stay here, because they
   * will be invalidated again.
   */
  readonly #byAddress = new Map<number, R[]>();
  readonly #regions = new Set<R>();
  readonly #evict: (region: R) => void;
  /** `gone` receives each region that is removed because the store is full. */
  constructor(gone: (region: R) => void) {
    this.#evict = gone;
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
      const location = memoryAddressOf(region.graph, entry);
      const there = this.#byAddress.get(location);
      if (!there) this.#byAddress.set(location, [region]);
      else if (!there.includes(region)) there.push(region);
    }
    if (this.#regions.size > maxInvalid) this.#evict(this.#regions.values().next().value as R);
  }
  /**
   * The last invalidated region with an entry at an address, if the first byte of that entry was at the
   * location.
   */
  find(location: number, ip: number, context: number): R | undefined {
    return this.#byAddress
      .get(location)
      ?.findLast((region) => this.#regions.has(region) && region.context === context && region.graph.entries.includes(ip));
  }
  /** Takes a region out of the store because it is valid again. */
  revalidated(region: R): void {
    this.#regions.delete(region);
  }
  /** Removes a region for ever. */
  forget(region: R): void {
    this.#regions.delete(region);
    for (const entry of region.graph.entries) {
      const location = memoryAddressOf(region.graph, entry);
      const there = this.#byAddress.get(location)?.filter((r) => r !== region);
      if (there?.length) this.#byAddress.set(location, there);
      else this.#byAddress.delete(location);
    }
  }
  /** Evicts all regions. */
  clear(): void {
    for (const region of [...this.#regions]) this.#evict(region);
  }
}
