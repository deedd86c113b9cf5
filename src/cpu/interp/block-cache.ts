// The cache of decoded blocks. A block is a straight run of records, found by instruction pointer and dropped
// when its bytes change. It lies in one page, so that it and its branches inside the page depend on one
// frame.

import type { Decoded } from "../decode/decoder.ts";
import type { InstructionRows } from "../decode/instructions.ts";
import { special } from "../decode/operand-slots.ts";
import type { AddressSize } from "../isa/ops.ts";
import { contexts } from "../machine/context.ts";
import type { CodeStops } from "../machine/debug-stops.ts";
import { blockNode, layout, record } from "../machine/layout.ts";
import type { Mmu } from "../machine/mmu.ts";
import type { Model } from "../machine/model.ts";
import { leaveTable, takeTable } from "../machine/side-tables.ts";
import { at, type State } from "../machine/state.ts";
import { BlockBytes } from "./block-bytes.ts";
import { BlockDecoder, longest } from "./block-decoder.ts";
import { BlockLinks } from "./block-links.ts";
import { BlockRoutine } from "./block-routine.ts";
import { BlockTable } from "./block-table.ts";
import { BoundedBlocks, boundedBlock } from "./bounded-block.ts";
import { CodeAddresses } from "./code-addresses.ts";
import { CodeBytes } from "./code-bytes.ts";
import type { CodeEvents } from "./code-events.ts";
import { JumpCache } from "./jump-cache.ts";
import type { PredecodeRoutines } from "./predecode.ts";
import { type MoreHandlers, Records } from "./records.ts";
import { RegionRecords } from "./region-records.ts";

/** The address of the first lasting block. The bounded block is in front of it. */
const arena = layout.records + (longest + 2) * record.size;

/** The name of the side table `codeFrames`. */
const codeFramesTable = "code frames";

const pagesOf = (addresses: Iterable<number>): ReadonlySet<number> => new Set([...addresses].map((address) => Math.floor(address / 4096)));
/** Contexts whose instruction pointers are linear addresses. */
const flatContexts = contexts.reduce((bits, { flat }, n) => (flat ? bits | (1 << n) : bits), 0);

/** The decoded blocks of one processor. */
export class Blocks {
  readonly records: Records;
  readonly codeFrames: Uint8Array;
  readonly addresses: CodeAddresses;
  readonly decoder: BlockDecoder;
  readonly codeBytes: CodeBytes;
  readonly #state: State;
  readonly #events: CodeEvents;
  readonly #jumps: JumpCache;
  readonly #regions: RegionRecords;
  readonly #links: BlockLinks;
  readonly #bounded: BoundedBlocks;
  readonly #blocks: BlockTable;
  readonly routine: BlockRoutine;
  #decoded = 0;
  /** How often all blocks were dropped. */
  flushes = 0;
  /** Frames whose translations were dropped because they were written. */
  invalidations = 0;

  constructor(
    state: State,
    code: { instructions: InstructionRows; routines: PredecodeRoutines; model: Model; more: readonly MoreHandlers[] },
    mmu: Mmu,
    events: CodeEvents,
  ) {
    this.#state = state;
    this.#events = events;
    this.records = new Records(state, code.instructions, code.more);
    this.codeFrames = new Uint8Array(takeTable(state.memory, codeFramesTable, state.memory.buffer.byteLength >>> 12));
    this.routine = new BlockRoutine(state, code.routines);
    this.#blocks = new BlockTable(state);
    this.#jumps = new JumpCache(state, this.#blocks);
    this.#regions = new RegionRecords(state, this.records, this.#jumps);
    this.addresses = new CodeAddresses(state, this.#jumps, mmu, {
      unmapped: (frame) => events.frameUnmapped(frame),
      isQuick: (frame, page) => this.#isQuick(frame, page),
    });
    this.decoder = new BlockDecoder(state, this.records, this.addresses, code, (first, frame) => this.#crosses(first, frame));
    this.decoder.next = arena;
    this.#links = new BlockLinks(state, this.records, (head) => this.#crossing.has(head));
    const { records, addresses, decoder } = this;
    const parts = { records, addresses, decoder, regions: this.#regions };
    this.#bounded = new BoundedBlocks(state, parts, (handler) => this.originalHandler(handler));
    const bytes = new BlockBytes(this.#blocks, records, this.#regions, this.#links);
    this.codeBytes = new CodeBytes(
      state.u8,
      (frame, uses) => {
        bytes.classify(frame, uses);
        events.classifyBytes(frame, uses);
      },
      (frame, from, to) => bytes.drop(frame, from, to, (head) => this.#poison(head)),
    );
  }

  /** Leaves the side table to the next machine in this memory. */
  giveUp(): void {
    this.#blocks.clear();
    this.codeFrames.fill(0);
    leaveTable(this.#state.memory, codeFramesTable, this.codeFrames.buffer);
  }
  /** Bytes of records in use since boot or since all blocks were dropped. */
  get recordBytes(): number {
    return this.decoder.next - arena;
  }

  // Compiled regions. A region replaces the first record of its entry block.
  get context(): number {
    return this.addresses.context;
  }
  /** The first record of the block at an address; 0 if none is decoded. */
  headOf(ip: number): number {
    const frame = this.frameOf(ip);
    return frame < 0 ? 0 : this.#blocks.get(frame, ip, this.context);
  }
  /** See CodeAddresses and BlockDecoder, which readers of code ahead use. */
  frameOf(ip: number): number {
    return this.addresses.frameOf(ip);
  }
  linearOf(d: Decoded): number {
    return this.addresses.linearOf(d);
  }
  pointerAt(location: number, mode: AddressSize): number | undefined {
    return this.addresses.pointerAt(location, mode);
  }
  decodeOne(ip: number, ahead = false): Decoded | undefined {
    // No compiled code has an instruction at which a debugger stops.
    if (ahead && this.stops?.has(ip)) return undefined;
    return this.decoder.decodeOne(ip, ahead);
  }
  decodeBytes(bytes: Uint8Array, ip: number, mode: AddressSize): Decoded {
    return this.decoder.decodeBytes(bytes, ip, mode);
  }
  /** Makes a block's first record the entry of a region. `word`: the region word (operand-slots.ts). */
  installRegion(head: number, word: number): void {
    this.onLost(head);
    this.#regions.install(head, word);
  }
  /** See `JumpCache.newCallTarget` and `JumpCache.reserveCallTargets`. */
  newCallTarget(): number {
    return this.#jumps.newCallTarget();
  }
  reserveCallTargets(places: readonly number[]): void {
    this.#jumps.reserveCallTargets(places);
  }
  /**
   * Removes a region. Links to its first record continue to the current block at that address, until a region
   * is installed again.
   */
  removeRegion(head: number): void {
    const ip = this.records.ipOf(head);
    this.#jumps.forget(ip);
    if (this.#crossing.has(head)) this.poison(head);
    else this.records.writeEnd(head, ip, special.next);
  }
  isRegion(head: number): boolean {
    return this.#regions.is(head);
  }
  regionWordOf(head: number): number {
    return this.#regions.wordOf(head);
  }
  /** Marks the region as valid for the current mapping. */
  revalidateRegion(head: number): void {
    this.#regions.revalidate(head);
  }
  /** Requires a verification of the region before its next entry. */
  invalidateRegion(head: number): void {
    this.#regions.invalidate(head);
  }
  poison(head: number): void {
    this.onLost(head);
    this.#state.u32[(head + record.handler) >> 2] = special.stale;
  }
  trackWrites(frame: number): void {
    this.#trackWrites(frame);
    this.codeBytes.changed(frame);
  }
  /** See `CodeBytes.absorbs`; for the interpreter, which may be executing the bounded block. */
  absorbs(place: number, bytes: number, source: number): boolean {
    const frame = place - (place & 0xfff);
    // From now on `codeBytes` must hear of each new block there.
    if (!this.codeBytes.has(frame)) this.addresses.slow(frame);
    if (!this.codeBytes.absorbs(place, bytes, source)) return false;
    if (frame === this.#bounded.frame) this.#poison(boundedBlock);
    return true;
  }
  /** All of memory. */
  get bytes(): Uint8Array {
    return this.#state.u8;
  }
  /** Drops all blocks. */
  reset(): void {
    this.#events.reset();
    this.#blocks.clear();
    this.#restorable.clear();
    this.routine.contexts = 0;
    this.routine.takeDecoded(() => {});
    this.addresses.clear();
    this.#crossing.clear();
    this.codeFrames.fill(0);
    this.codeBytes.clear();
    this.decoder.next = arena;
    this.flushes++;
    this.#jumps.flush();
  }

  /**
   * Drops the blocks of a frame whose bytes changed. Control inside its records returns to the dispatcher.
   */
  invalidateFrame(frame: number): void {
    if (this.codeFrames[frame >>> 12] === 0) return;
    this.codeFrames[frame >>> 12] = 0;
    this.invalidations++;
    this.codeBytes.changed(frame);
    if (this.#events.frameChanged(frame)) this.#restorable.add(frame);
    this.addresses.slow(frame);
    this.#blocks.forEach(frame, (head) => {
      this.#poison(head);
      return true;
    });
    if (frame === this.#bounded.frame) this.#poison(boundedBlock);
    // Its jump cache entries remain and lead to stale records. Regions were removed from the jump cache.
  }

  #poison(first: number): void {
    this.onLost(first);
    const s = this.#state;
    for (let r = first; ; r += record.size) {
      const remaining = s.u16[(r + record.remaining) >> 1] as number;
      s.u32[(r + record.handler) >> 2] = special.stale;
      if (remaining <= 1) break;
    }
  }

  /**
   * An indirect jump, or one without a link, has reached a record. Crossing blocks are looked up each time.
   */
  addJumpTarget(rec: number): void {
    if (this.#crossing.has(rec)) return;
    const ip = this.records.ipOf(rec);
    const page = Math.floor(this.addresses.linear(ip) / 4096);
    const frame = this.addresses.cachedFrame(page);
    if (frame !== undefined) this.#blocks.setTarget(frame, ip, this.context);
  }

  /**
   * The first record of the block at `ip`, decoded if necessary, and entered into the jump cache. 0 with
   * `fault` set if the fetch faults.
   */
  find(ip: number): number {
    const first = this.#block(ip);
    if (first !== 0) this.#jumps.put(ip, first);
    return first;
  }
  /**
   * The same for the code after a record that does not branch. Most such blocks have one predecessor and need
   * only a link; an entry in the jump cache would evict another one.
   */
  follow(rec: number, ip: number): number {
    const { flushes } = this;
    const first = this.#block(ip);
    if (first === 0) return 0;
    // After a drop of all blocks the record belongs to another instruction.
    const links = this.flushes === flushes && this.records.isConditional(rec) && this.#linkBehind(rec, ip, first);
    if (!links) this.#jumps.put(ip, first);
    return first;
  }
  #block(ip: number): number {
    const s = this.#state;
    const context = s.u32[at.context >> 2] as number;
    const { addresses, decoder } = this;
    const linear = addresses.linear(ip);
    const frame = addresses.userFrame(linear);
    if (frame < 0) return decoder.noFrame(frame, linear);
    let first = this.#validBlock(frame, ip, context, linear);
    if (first !== 0) return first;
    // Regions are invalidated only together with their code.
    if (this.invalidations !== 0 && this.#events.blockMissing(ip, frame + (linear & 0xfff))) {
      first = this.#validBlock(frame, ip, context, linear);
      if (first !== 0) return first;
    }
    if (decoder.next + (longest + 4) * record.size > layout.recordsEnd) {
      this.reset();
      addresses.add(linear, frame);
    }
    const node = this.#newNode();
    first = decoder.next;
    decoder.enterContext(context, first);
    if (this.stops?.has(ip)) {
      // A block without instructions.
      decoder.writeEnd(ip, special.stop);
      this.#blocks.set(frame, ip, context, first);
      this.trackWrites(frame);
      return first;
    }
    const count = decoder.translate(ip, linear, frame, context, longest);
    if (count === 0) {
      decoder.next = node;
      return 0;
    }
    const before = this.#beforeStop(first, count);
    if (before < count) {
      decoder.next = first;
      decoder.enterContext(context, first);
      decoder.translate(ip, linear, frame, context, before);
    }
    if (this.#crossing.has(first)) {
      this.records.markCrossing(first);
      this.#addCrossing(first, ip, context);
    }
    this.#blocks.set(frame, ip, context, first);
    this.trackWrites(frame);
    this.#decoded++;
    this.#onBlock?.(first);
    this.onDecoded(ip);
    this.#allow(linear, frame);
    return first;
  }
  /** Room for a node in front of the next block. Returns its address. */
  #newNode(): number {
    const place = this.decoder.next;
    this.#state.u32[(place + blockNode.isIn) >> 2] = 0;
    this.decoder.next = place + blockNode.size;
    return place;
  }
  /** Blocks decoded since boot. */
  get decoded(): number {
    return this.#decoded + this.routine.blocks;
  }

  /** Calls `onDecoded` for the blocks that the routine has decoded. */
  reportDecoded(): void {
    this.routine.takeDecoded((head) => this.onDecoded(this.records.ipOf(head)));
  }
  /**
   * Lets the routine decode blocks in the contexts, and in this page, if other parts need no notice of them.
   */
  #allow(linear: number, frame: number): void {
    if (this.routine.isFull) this.reportDecoded();
    this.routine.contexts = this.#onBlock === undefined && this.#stopPages !== undefined ? this.decoder.known & flatContexts : 0;
    if (this.#isQuick(frame, Math.floor(linear / 4096))) this.addresses.quicken(linear);
  }
  /** True if new blocks of the frame change nothing but the table of blocks, and no stop is in its page. */
  #isQuick(frame: number, page: number): boolean {
    const isKnown = this.codeFrames[frame >>> 12] !== 0 && !this.codeBytes.has(frame) && !this.#restorable.has(frame);
    return isKnown && this.#stopPages?.has(page) === false;
  }
  /** Frames with blocks that `blockMissing` may restore. */
  readonly #restorable = new Set<number>();
  /**
   * Addresses at which a debugger stops (debug-stops.ts). Blocks end before them. After a change of a set the
   * blocks in the pages of new and removed addresses are dropped, after a change of a rule all blocks.
   */
  get stops(): CodeStops | undefined {
    return this.#stops;
  }
  set stops(stops: CodeStops | undefined) {
    const before = this.#stops;
    this.#stops = stops;
    this.#stopPages = stops === undefined ? new Set() : stops instanceof Set ? pagesOf(stops) : undefined;
    this.routine.contexts = 0;
    if (!(before instanceof Set && stops instanceof Set)) {
      this.reset();
      return;
    }
    // The blocks of frames that have one in these pages.
    const pages = pagesOf([...before, ...stops].filter((ip) => before.has(ip) !== stops.has(ip)));
    this.#events.reset(pages);
    // A page of the cache may be quick because it had no stop.
    this.addresses.flushPages();
    this.codeFrames.forEach((isCode, n) => {
      let isIn = false;
      if (isCode)
        this.#blocks.forEach(n * 4096, (head) => {
          isIn ||= pages.has(Math.floor(this.records.ipOf(head) / 4096));
          return false;
        });
      if (isIn) this.invalidateFrame(n * 4096);
    });
  }
  #stops: CodeStops | undefined;
  /** The pages of the stops. Undefined: they are a rule, so any page may have some. */
  #stopPages: ReadonlySet<number> | undefined = new Set();
  /** The instructions of a block before the first stop behind its start. */
  #beforeStop(first: number, count: number): number {
    const { stops } = this;
    if (stops !== undefined) for (let n = 1; n < count; n++) if (stops.has(this.records.ipOf(first + n * record.size))) return n;
    return count;
  }
  /** The handler of an instruction, by that of its record, which the baseline tier may have replaced. */
  originalHandler: (handler: number) => number = (handler) => handler;
  /** Called before the first record of a block gets another handler. */
  onLost: (head: number) => void = () => {};
  /** Called with the first record of each new block. */
  set onBlock(see: (head: number) => void) {
    this.#onBlock = see;
    this.routine.contexts = 0;
  }
  #onBlock: ((head: number) => void) | undefined;
  /** Called for each new block. */
  onDecoded: (ip: number) => void = () => {};
  /** Decodes the block at an address that control does not reach by a jump. */
  decodeAt(ip: number): number {
    return this.#block(ip);
  }
  #validBlock(frame: number, ip: number, context: number, linear: number): number {
    const first = this.#blocks.get(frame, ip, context);
    return first !== 0 && this.#isValid(first, linear) ? first : 0;
  }
  /**
   * Makes an invalidated region enterable by this record, or by that of the current block. 0: the current
   * block belongs to another region.
   */
  reinstallRegion(head: number): number {
    const ip = this.records.ipOf(head);
    const frame = this.frameOf(ip);
    const there = this.#blocks.get(frame, ip, this.context);
    if (there !== 0) return this.isRegion(there) ? 0 : there;
    // Its node may be in the table for another frame.
    if (!this.#blocks.set(frame, ip, this.context, head)) return 0;
    this.#regions.dropLength(head);
    return head;
  }
  /** The block at an address if the jump cache evicted it for another one; else 0. */
  displaced(ip: number): number {
    return this.#jumps.displaced(ip);
  }
  /** Instructions of the block at an address; at least one. */
  lengthAt(ip: number): number {
    const head = this.#block(ip);
    if (head === 0) return 1;
    return Math.max(1, this.isRegion(head) ? this.#regions.lengthOf(head) : this.records.remainingOf(head));
  }
  /** The block at rip if the jump cache has it; else 0. */
  cached(): number {
    const { i32 } = this.#state;
    return this.#jumps.at(i32[at.rip >> 2] as number, i32[(at.rip >> 2) + 1] as number);
  }
  /** The block at rip: `find` with a fast path for the jump cache. */
  next(): number {
    return this.cached() || this.find(this.#state.rip);
  }
  /**
   * True if a block is still valid. Only a block that crosses into another page can become invalid without an
   * event.
   */
  #isValid(first: number, linear: number): boolean {
    if (this.#links.isStale(first)) return false;
    const second = this.#crossing.get(first);
    return second === undefined || this.addresses.frame(linear - (linear % 4096) + 4096) === second;
  }
  /** Makes writes to the frame visible from now on. */
  #trackWrites(frame: number): void {
    if (this.codeFrames[frame >>> 12] !== 0) return;
    this.codeFrames[frame >>> 12] = 1;
    this.#events.codeFound(frame);
  }

  /**
   * A temporary block of at most `count` instructions that ends in a stop, for exact budgets and single
   * steps. 0: fetch fault.
   */
  bounded(ip: number, count: number): number {
    const { addresses, decoder } = this;
    const linear = addresses.linear(ip);
    const frame = addresses.userFrame(linear);
    if (frame < 0) return decoder.noFrame(frame, linear);
    if (this.#boundedCrosses) this.#crossing.delete(boundedBlock);
    this.#boundedCrosses = false;
    const there = this.#blocks.get(frame, ip, this.context);
    const known = there !== 0 && !this.#crossing.has(there) && this.#isValid(there, linear) ? there : 0;
    let n = this.#bounded.make(ip, linear, frame, count, known);
    const before = this.#beforeStop(boundedBlock, n);
    if (before < n) n = this.#bounded.make(ip, linear, frame, before, known);
    if (this.#boundedCrosses) this.#addCrossing(boundedBlock, ip, this.context);
    // One instruction cannot change the later ones of its block.
    if (n > 1) this.#trackWrites(frame);
    return n === 0 ? 0 : boundedBlock;
  }

  /** First records of blocks whose only instruction crosses into another page, with that page's frame. */
  readonly #crossing = new Map<number, number>();
  /** True if `#crossing` has the bounded block. A removal for each of them took a twelfth of a `go build`. */
  #boundedCrosses = false;

  /**
   * A block that also depends on the next page's frame is registered at both frames and dropped with either.
   */
  #crosses(first: number, frame: number): void {
    this.trackWrites(frame);
    this.#crossing.set(first, frame);
    if (first === boundedBlock) this.#boundedCrosses = true;
  }
  #addCrossing(first: number, ip: number, context: number): void {
    const place = this.#newNode();
    const isUsed = this.#blocks.setCrossing(this.#crossing.get(first) as number, ip, context, first, place);
    if (!isUsed) this.decoder.next = place;
  }

  /** Links a branch to its target, in its record or by the jump cache. */
  link(rec: number, target: number): void {
    if (!this.#links.link(rec, target)) this.addJumpTarget(target);
  }
  #linkBehind(rec: number, ip: number, next: number): boolean {
    const how = this.#links.linkBehind(rec, ip, next);
    if (how === "cache") this.addJumpTarget(next);
    return how === "linked";
  }
}
