// The format of the code cache: regions as data, for later runs of the same code. The chapter
// docs/design/code-cache.md specifies it.
// A cached region is valid wherever the same code is at the same addresses in the same mode. From its machine
// it holds only addresses of caches and tables, which are allocated again at the same place.
// Translators with a code cache: Chernoff et al., "FX!32: A Profile-Directed Binary Translator", IEEE Micro
// 1998.
import type { Decoded } from "../../decode/decoder.ts";
import type { HandlerStore } from "../../handler-store.ts";
import type { Exit } from "../../machine/exit.ts";
import type { BlockGraph, JitBlock } from "../cfg/graph.ts";
import type { JumpTable } from "../emit/jump-tables.ts";
import type { Region } from "../runtime/region-plan.ts";

/** The code of a file at a position: the unit of storage. */
export interface CodeUnit {
  /**
   * The same for the same content in any program, and for the same position if the unit has one: letters,
   * digits and "-". It only leads to candidates: the bytes of code decide.
   */
  readonly id: string;
  /** The last part of the file's path, for users. */
  readonly name: string;
}
/** A mapped range of a file of code. Its `id` is for code at this position. */
export interface CodeFile extends CodeUnit {
  /** The id of the unit for code at any position. */
  readonly content: string;
  /** The address at which the file would begin. */
  readonly position: number;
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
}

/** Code bytes at the time of compilation. */
export interface CachedCodeBytes {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The compiled code of a graph, with its assumptions other than the code bytes. */
export interface CompiledRegion {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** The machine that it was compiled for (`RegionModules.machine`). It is valid for no other. */
  readonly machine: string;
  /** The color of the address spaces that may enter it (`Jit.color`). */
  readonly color: number | "any";
  /**
   * The address at which the file of its code would begin. The same module serves other positions, with this
   * and all other addresses moved (`movedRegion`). Undefined: its addresses are constants.
   */
  readonly base: number | undefined;
  /** The call target caches of its indirect calls (jump-cache.ts). */
  readonly callCaches: readonly number[];
  readonly table: (JumpTable & { readonly targets: readonly number[] }) | undefined;
  /** Blocks that do not assume direct-mapped pages (deopt.ts). */
  readonly deoptimised: readonly number[];
  /** The host's machine code for it, from `CodeStore.native`. */
  readonly native?: Uint8Array<ArrayBuffer> | undefined;
}

/** A region as data: its graph without decoded instructions, its code bytes, and its compiled code. */
export interface CachedRegion {
  readonly context: number;
  readonly roots: readonly number[];
  readonly entries: readonly number[];
  readonly blocks: readonly Omit<JitBlock, "instructions">[];
  readonly code: readonly CachedCodeBytes[];
  readonly instructions: number;
  readonly full: boolean;
  readonly tree: boolean;
  readonly side: boolean;
  readonly generation: number;
  /** The doors in it, and the return addresses of their calls. */
  readonly landings: readonly (readonly [door: Exit, landing: number | undefined])[];
  readonly compiled: CompiledRegion;
  /** Runs with its unit since control last reached it. */
  readonly idle: number;
}

/** A function whose plan a run put off: a run that executes fewer instructions of it needs none. */
export interface CachedDebt {
  readonly ip: number;
  readonly context: number;
  readonly instructions: number;
}

/** The content of the code cache for one unit. */
export interface CachedRegions {
  /** The position of the addresses in `called`, `jumped` and `debts`, in a unit without a position. */
  readonly position?: number | undefined;
  readonly regions: readonly CachedRegion[];
  /** Function starts and targets of indirect jumps (control-profile.ts). */
  readonly called: readonly number[];
  readonly jumped: readonly number[];
  readonly debts: readonly CachedDebt[];
}

/** Storage for cached regions between runs, and access to the host's machine code for them. */
export interface CodeStore {
  /** The regions of earlier runs; undefined if there are none. */
  load(unit: CodeUnit): CachedRegions | undefined;
  /** Replaces what it has of these units. */
  save(units: readonly (readonly [CodeUnit, CachedRegions])[]): void;
  /** Its module as the host compiled it; undefined if the host does not have it. */
  module(made: CompiledRegion): WebAssembly.Module | undefined;
  /**
   * The host's machine code for its module, which exports this function; undefined if there is none worth
   * storing.
   */
  native(made: CompiledRegion, module: WebAssembly.Module, region: WebAssembly.ExportValue): Uint8Array<ArrayBuffer> | undefined;
  /** Storage for the host's code of the generated modules. */
  readonly handlers?: HandlerStore;
}

/** A region at another position of its file. It must have a base. */
export const movedRegion = (region: CachedRegion, base: number): CachedRegion => {
  const { compiled, roots, entries, blocks, code } = region;
  const by = base - (compiled.base as number);
  if (by === 0) return region;
  const to = (address: number): number => address + by;
  return {
    ...region,
    roots: roots.map(to),
    entries: entries.map(to),
    blocks: blocks.map(({ key, ip, end, successors, inside, stub, ...block }) => ({
      ...block,
      // The key of a block is its address, because only trace trees have others, and they have no base.
      key: to(key),
      ip: to(ip),
      end: to(end),
      successors: successors.map(to),
      ...(inside === undefined ? {} : { inside: to(inside) }),
      ...(stub === undefined ? {} : { stub: { ip: to(stub.ip), end: to(stub.end) } }),
    })),
    code: code.map(({ address, bytes }) => ({ address: to(address), bytes })),
    compiled: {
      ...compiled,
      base,
      table: compiled.table && { ...compiled.table, lowest: to(compiled.table.lowest), targets: compiled.table.targets.map(to) },
      deoptimised: compiled.deoptimised.map(to),
    },
  };
};

/** The doors of a graph. `landing` returns the return address of a door's call. */
export const landingsOf = (graph: BlockGraph, landing: (door: Exit) => number | undefined): CachedRegion["landings"] =>
  [...new Set([...graph.blocks.values()].flatMap(({ door }) => door ?? []))].map((door) => [door, landing(door)]);

/** A region as data. */
export const cachedRegionOf = (region: Region, compiled: CompiledRegion): CachedRegion => {
  const { graph, roots, context, side, generation, snapshot, landings } = region;
  return {
    context,
    roots,
    entries: graph.entries,
    blocks: [...graph.blocks.values()].map(({ key, ip, end, terminator, inside, successors, stub, door }) => ({
      key,
      ip,
      end,
      terminator,
      successors,
      ...(inside === undefined ? {} : { inside }),
      ...(stub === undefined ? {} : { stub }),
      ...(door === undefined ? {} : { door }),
    })),
    code: snapshot.code(),
    instructions: graph.instructions,
    full: graph.full,
    tree: graph.tree,
    side,
    generation,
    landings,
    compiled,
    idle: 0,
  };
};

/**
 * A block of a cached region. Its instructions are decoded from the stored bytes when they are first used.
 */
class CachedBlock implements JitBlock {
  readonly key: number;
  readonly ip: number;
  readonly end: number;
  readonly terminator: JitBlock["terminator"];
  declare readonly inside?: number;
  declare readonly stub?: NonNullable<JitBlock["stub"]>;
  declare readonly door?: Exit;
  readonly successors: number[];
  readonly #decode: (address: number, end: number) => Decoded[];
  #instructions: readonly Decoded[] | undefined;
  constructor(block: CachedRegion["blocks"][number], decode: (address: number, end: number) => Decoded[]) {
    this.key = block.key;
    this.ip = block.ip;
    this.end = block.end;
    this.terminator = block.terminator;
    if (block.inside !== undefined) this.inside = block.inside;
    if (block.stub !== undefined) this.stub = block.stub;
    if (block.door !== undefined) this.door = block.door;
    this.successors = block.successors;
    this.#decode = decode;
  }
  get instructions(): readonly Decoded[] {
    const { ip, end, stub } = this;
    this.#instructions ??= [...this.#decode(ip, end), ...(stub ? this.#decode(stub.ip, stub.end) : [])];
    return this.#instructions;
  }
}

/** Guest code in the memory of this run. */
export interface CodeInMemory {
  readonly bytes: Uint8Array;
  /** Negative if the page cannot be fetched from. */
  frameOf(ip: number): number;
}

/**
 * The pages of a region's code and their frames, if memory holds the same bytes. `absent`: the program has
 * not touched one of the pages yet. `changed`: memory holds other bytes.
 */
export const framesOf = (
  { code }: CachedRegion,
  { bytes: memory, frameOf }: CodeInMemory,
): ReadonlyMap<number, number> | "absent" | "changed" => {
  const pages = new Map<number, number>();
  for (const { address, bytes } of code) {
    let frame = 0;
    for (let n = 0; n < bytes.length; n++) {
      const at = (address + n) % 4096;
      if (n === 0 || at === 0) {
        frame = frameOf(address + n);
        if (frame < 0) return "absent";
        pages.set(Math.floor((address + n) / 4096), frame);
      }
      if (memory[frame + at] !== bytes[n]) return "changed";
    }
  }
  return pages;
};

/** The graph of a cached region. `decode` returns a permanent copy of the instruction in some bytes. */
export const graphOf = (
  { entries, blocks, code, instructions, full, tree }: CachedRegion,
  pages: ReadonlyMap<number, number>,
  decode: (bytes: Uint8Array, ip: number) => Decoded,
): BlockGraph => {
  const decodeRange = (address: number, end: number): Decoded[] => {
    const there = code.find((part) => part.address === address) as CachedCodeBytes;
    const all: Decoded[] = [];
    for (let at = address; at < end; at += all.at(-1)!.length) all.push(decode(there.bytes.subarray(at - address), at));
    return all;
  };
  return {
    entries,
    blocks: new Map(blocks.map((block) => [block.key, new CachedBlock(block, decodeRange)])),
    pages,
    instructions,
    full,
    tree,
  };
};
