// Regions that outlive the machine that made them: what a program's next run needs to have them at once, as data. A region is good for whoever has the
// same code at the same addresses, in the same mode; of its machine it holds no more than places that it has to be given again.
// Translators that keep their code: Chernoff et al., "FX!32: A Profile-Directed Binary Translator", IEEE Micro 1998.
import type { Decoded } from "../../decode/decoder.ts";
import type { Exit } from "../../machine/exit.ts";
import type { Graph, JitBlock } from "../cfg/graph.ts";
import type { JumpTable } from "../emit/jump-tables.ts";
import type { Region } from "../runtime/region-plan.ts";

/** Code bytes as they were when the region was made. */
export interface CodeBytes {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** What was made of a graph, and what it takes for granted besides the code. */
export interface CompiledRegion {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** What it imports and is made for: no other machine can have it. */
  readonly machine: string;
  /** Of the address spaces that it can be entered in, as of `Jit`'s. */
  readonly color: number | "any";
  /** The places where its calls remember their targets (jump-cache.ts). */
  readonly callCaches: readonly number[];
  readonly table: (JumpTable & { readonly targets: readonly number[] }) | undefined;
  /** Blocks in which it takes nothing to be at home (deopt.ts). */
  readonly deoptimised: readonly number[];
  /** The host's code for it, as `CodeStore.native` gave it, if there was any. */
  readonly native?: Uint8Array<ArrayBuffer> | undefined;
}

export interface CachedRegion {
  readonly context: number;
  readonly roots: readonly number[];
  readonly entries: readonly number[];
  readonly blocks: readonly Omit<JitBlock, "instructions">[];
  readonly code: readonly CodeBytes[];
  readonly instructions: number;
  readonly full: boolean;
  readonly tree: boolean;
  readonly side: boolean;
  readonly generation: number;
  /** The doors in it, and where their calls come back to. */
  readonly landings: readonly (readonly [door: Exit, landing: number | undefined])[];
  readonly compiled: CompiledRegion;
  /** Times since that the program has left something, and had not come to it. */
  readonly idle: number;
}

/** What a program leaves for its next run. */
export interface CachedRegions {
  readonly regions: readonly CachedRegion[];
  /** Where functions begin, and where computed jumps go (control-profile.ts). */
  readonly called: readonly number[];
  readonly jumped: readonly number[];
}

/** Where regions lie between runs, and who knows the host's code for them. */
export interface CodeStore {
  /** What earlier runs have left; undefined: nothing. */
  load(): CachedRegions | undefined;
  save(kept: CachedRegions): void;
  /** Its module as the host had compiled it; undefined if that cannot be had. */
  module(made: CompiledRegion): WebAssembly.Module | undefined;
  /** The host's code for its module, which exports this function; undefined if there is none yet that is worth keeping. */
  native(made: CompiledRegion, module: WebAssembly.Module, region: WebAssembly.ExportValue): Uint8Array<ArrayBuffer> | undefined;
}

/** As data. `landing`: where a door's call comes back to. */
export const cachedRegionOf = (region: Region, compiled: CompiledRegion, landing: (door: Exit) => number | undefined): CachedRegion => {
  const { graph, roots, context, side, generation, snapshot } = region;
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
    side: side,
    generation,
    landings: [...new Set([...graph.blocks.values()].flatMap(({ door }) => door ?? []))].map((door) => [door, landing(door)]),
    compiled,
    idle: 0,
  };
};

/** Its instructions are decoded when somebody asks for them, from what they were. */
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

/** Where code lies in memory now. */
export interface CodeInMemory {
  readonly bytes: Uint8Array;
  /** Negative: it cannot be fetched. */
  frameOf(ip: number): number;
}

/** The pages of a region's code and their frames, if they hold the same bytes as then. */
export const framesOf = ({ code }: CachedRegion, { bytes: memory, frameOf }: CodeInMemory): ReadonlyMap<number, number> | undefined => {
  const pages = new Map<number, number>();
  for (const { address, bytes } of code) {
    let frame = 0;
    for (let n = 0; n < bytes.length; n++) {
      const at = (address + n) % 4096;
      if (n === 0 || at === 0) {
        frame = frameOf(address + n);
        if (frame < 0) return undefined;
        pages.set(Math.floor((address + n) / 4096), frame);
      }
      if (memory[frame + at] !== bytes[n]) return undefined;
    }
  }
  return pages;
};

/** `decode`: the instruction at an address that these bytes are, one that lasts. */
export const graphOf = (
  { entries, blocks, code, instructions, full, tree }: CachedRegion,
  pages: ReadonlyMap<number, number>,
  decode: (bytes: Uint8Array, ip: number) => Decoded,
): Graph => {
  const within = (address: number, end: number): Decoded[] => {
    const there = code.find((part) => part.address === address) as CodeBytes;
    const all: Decoded[] = [];
    for (let at = address; at < end; at += all.at(-1)!.length) all.push(decode(there.bytes.subarray(at - address), at));
    return all;
  };
  return { entries, blocks: new Map(blocks.map((block) => [block.key, new CachedBlock(block, within)])), pages, instructions, full, tree };
};

/** Other inputs of a program need other code, and what was at other addresses will not come again. */
const maxIdle = 8;

/** What earlier runs have left, until control comes to where it begins. */
export class CachedRegionIndex {
  readonly #byRoot = new Map<number, CachedRegion[]>();
  /** Where control has come to since. */
  #decoded: number[] = [];
  constructor({ regions }: CachedRegions) {
    for (const region of regions) {
      const root = region.roots[0] as number;
      const there = this.#byRoot.get(root);
      if (there) there.push(region);
      else this.#byRoot.set(root, [region]);
    }
  }
  get roots(): Iterable<number> {
    return this.#byRoot.keys();
  }
  /** The interpreter has a block at an address now. */
  blockDecoded(ip: number): void {
    if (this.#byRoot.has(ip)) this.#decoded.push(ip);
  }
  /** Those that may be opened; whoever does takes them. */
  *reachedRegions(): Iterable<CachedRegion> {
    while (this.#decoded.length > 0) {
      const met = this.#decoded;
      this.#decoded = [];
      for (const root of met) yield* this.#byRoot.get(root) ?? [];
    }
  }
  remove(region: CachedRegion): void {
    const root = region.roots[0] as number;
    const left = (this.#byRoot.get(root) ?? []).filter((r) => r !== region);
    if (left.length > 0) this.#byRoot.set(root, left);
    else this.#byRoot.delete(root);
  }
  /** Those that nobody has taken, as they are to be kept, if they are not given up. */
  get unused(): CachedRegion[] {
    return [...this.#byRoot.values()]
      .flat()
      .map((region) => ({ ...region, idle: region.idle + 1 }))
      .filter(({ idle }) => idle < maxIdle);
  }
}
