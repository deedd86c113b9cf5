// The frames of a machine as a value: who uses each, and the bytes of those in use. Snapshots of one machine
// share equal pages. A frame that nothing uses has no content: its next user clears or overwrites it.
import type { Cpu } from "../../cpu/cpu.ts";
import type { TranslationListener } from "../../cpu/machine/mmu.ts";
import { leaveTable, takeTable } from "../../cpu/machine/side-tables.ts";
import { areaOf, areasOf, frameState as state, frameTables as tables } from "../../memory/frame-tables.ts";
import { type Frames, PAGE_SIZE, since, type Tracking } from "../../memory/frames.ts";
import { framesInUse, replaceInUsed } from "./used-frames.ts";

/** The tables of all frames: fields of `Frames` that a graph leaves out. */
interface Tables {
  _refs: Uint32Array;
  _next: Uint32Array;
  _state: Uint8Array;
  _areas: Uint8Array;
  _everTouched: Uint32Array;
}
const tablesOf = (frames: Frames): Tables => frames as unknown as Tables;

/** All frames that a machine has used, in order. The arrays are parallel. */
export interface Pages {
  readonly numbers: Uint32Array;
  readonly refs: Uint32Array;
  readonly next: Uint32Array;
  readonly state: Uint8Array;
  /** Undefined: zeros, or a frame without content. */
  readonly bytes: readonly (Int32Array | undefined)[];
}

const WORDS = PAGE_SIZE / 4;
/** Pages that are allocated at a time: a buffer for each would cost more than the copy. */
const BATCH = 64;

const isEqual = (words: Int32Array, from: number, page: Int32Array): boolean => {
  for (let i = 0; i < WORDS; i++) if (words[from + i] !== page[i]) return false;
  return true;
};
const isZero = (words: Int32Array, from: number): boolean => {
  for (let i = 0; i < WORDS; i++) if (words[from + i] !== 0) return false;
  return true;
};
/** The frames that the machine has used. */
const touched = ({ _state, _areas }: Tables): number[] => framesInUse(_state, _areas);

/**
 * The bytes of frames of which the processor has code. `left`: no snapshot has the frame, and nothing uses it
 * since the machine was taken back. `used`: it was used again.
 */
interface KnownCode {
  readonly left: Map<number, Int32Array>;
  readonly used: Map<number, Int32Array>;
}
const newCode = (): KnownCode => ({ left: new Map(), used: new Map() });

/**
 * The snapshot that a memory was last equal to, and what has been written since: by the kernel (`written`),
 * and by
 * guest code, which the TLB knows: a frame that it could write since the flush of that moment.
 */
class SinceSnapshot implements Tracking {
  readonly written: Uint8Array;
  readonly pages: Pages;
  readonly flushes: number;
  readonly code: KnownCode;
  private readonly _frames: Frames;
  constructor(frames: Frames, pages: Pages, written: Uint8Array, flushes: number, code: KnownCode) {
    this._frames = frames;
    this.pages = pages;
    this.written = written;
    this.flushes = flushes;
    this.code = code;
  }
  /** The content of an unused frame. */
  pageOf(n: number): Int32Array | undefined {
    const { numbers, bytes } = this.pages;
    let low = 0;
    for (let high = numbers.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((numbers[middle] as number) < n) low = middle + 1;
      else high = middle;
    }
    return bytes[low];
  }
  differs(n: number): boolean {
    const known = this.code.left.get(n);
    if (!known) return false;
    this.code.left.delete(n);
    this.code.used.set(n, known);
    return !isEqual(new Int32Array(this._frames.memory.buffer), n * WORDS, known);
  }
  fill(n: number): void {
    const { _state, _everTouched } = tablesOf(this._frames);
    const page = this.pageOf(n);
    const words = new Int32Array(this._frames.memory.buffer, n * PAGE_SIZE, WORDS);
    if (page) words.set(page);
    else words.fill(0);
    if (this.written[n] === since.unused && ((_state[n] as number) & state.earlier) === 0) (_everTouched[0] as number)++;
    this.written[n] = 0;
  }
}
const trackingOf = (frames: Frames): SinceSnapshot | undefined => frames.tracking as SinceSnapshot | undefined;
/** Memory and snapshot are equal now. Guest code must ask for each frame before it writes it. */
const track = (frames: Frames, processor: Cpu, pages: Pages, written: Uint8Array, code: KnownCode): void => {
  processor.flushWrites();
  replaceInUsed(written, tablesOf(frames)._areas, since.written, 0);
  frames.tracking = new SinceSnapshot(frames, pages, written, processor.flushes, code);
};
const newWritten = (frames: Frames): Uint8Array => new Uint8Array(frames.memory.buffer.byteLength / PAGE_SIZE);
/** Tests compare frames that are taken for equal. */
export const verification = { isOn: false };

/**
 * The content of each frame that is still that of the last snapshot; both undefined and zeros are undefined.
 */
class Unchanged {
  private readonly _tracking: SinceSnapshot | undefined;
  private readonly _writable: Uint32Array;
  private readonly _words: Int32Array;
  private _at = 0;
  constructor(frames: Frames, processor: Cpu) {
    this._tracking = trackingOf(frames);
    this._writable = processor.lastWritable;
    this._words = new Int32Array(frames.memory.buffer);
  }
  /** True if frame n has the content `page`. Frames must be asked for in order. */
  has(n: number): boolean {
    const tracking = this._tracking;
    if (!tracking) return false;
    const { pages, written, flushes } = tracking;
    const { numbers, refs } = pages;
    while (this._at < numbers.length && (numbers[this._at] as number) < n) this._at++;
    const is = numbers[this._at] === n && refs[this._at] !== 0 && written[n] !== since.written && (this._writable[n] as number) < flushes;
    if (is && verification.isOn && written[n] !== since.stale) {
      const page = written[n] === since.unused ? undefined : this.page;
      if (!(page ? isEqual(this._words, n * WORDS, page) : isZero(this._words, n * WORDS)))
        throw new Error(`frame ${n} was written unseen`);
    }
    return is;
  }
  /** The content of the frame that `has` has found. */
  get page(): Int32Array | undefined {
    return this._tracking?.pages.bytes[this._at];
  }
}

/** The frames of now. `before`: an earlier snapshot, whose pages are shared where they are equal. */
export const savePages = (frames: Frames, before: Pages | undefined, processor?: Cpu): Pages => {
  const unchanged = processor && new Unchanged(frames, processor);
  const tracking = trackingOf(frames);
  const { _refs, _next, _state } = tablesOf(frames);
  const words = new Int32Array(frames.memory.buffer);
  const numbers = Uint32Array.from(touched(tablesOf(frames)));
  const bytes: (Int32Array | undefined)[] = [];
  let block = new Int32Array(0);
  let room = 0;
  let earlier = 0;
  for (let i = 0; i < numbers.length; i++) {
    const n = numbers[i] as number;
    const from = n * WORDS;
    if (before) while (earlier < before.numbers.length && (before.numbers[earlier] as number) < n) earlier++;
    const known = before && before.numbers[earlier] === n ? before.bytes[earlier] : undefined;
    if (_refs[n] === 0) bytes.push(undefined);
    else if (unchanged?.has(n)) bytes.push(unchanged.page);
    else if (tracking && (tracking.written[n] as number) >= since.unused) bytes.push(tracking.pageOf(n));
    else if (known && isEqual(words, from, known)) bytes.push(known);
    else if (isZero(words, from)) bytes.push(undefined);
    else {
      if (room === 0) block = new Int32Array((room = Math.min(BATCH, numbers.length - i)) * WORDS);
      const at = block.length - room-- * WORDS;
      const page = block.subarray(at, at + WORDS);
      page.set(words.subarray(from, from + WORDS));
      bytes.push(page);
    }
  }
  const { length } = numbers;
  const [refs, next, states] = [new Uint32Array(length), new Uint32Array(length), new Uint8Array(length)];
  for (let i = 0; i < length; i++) {
    const n = numbers[i] as number;
    refs[i] = _refs[n] as number;
    next[i] = _next[n] as number;
    states[i] = (_state[n] as number) & state.own;
  }
  const pages = { numbers, refs, next, state: states, bytes };
  if (processor) track(frames, processor, pages, tracking?.written ?? newWritten(frames), tracking?.code ?? newCode());
  return pages;
};

/** Gives a rebuilt `Frames` its memory, its listener and fresh tables. */
export const adopt = (frames: Frames, memory: WebAssembly.Memory, watch: TranslationListener): void => {
  const count = Math.floor(memory.buffer.byteLength / PAGE_SIZE);
  Object.assign(frames, {
    memory,
    watch,
    u8: new Uint8Array(memory.buffer),
    view: new DataView(memory.buffer),
    _refs: new Uint32Array(takeTable(memory, tables.refs, count * 4)),
    _next: new Uint32Array(takeTable(memory, tables.next, count * 4)),
    _state: new Uint8Array(takeTable(memory, tables.state, count)),
    _areas: new Uint8Array(takeTable(memory, tables.areas, areasOf(count))),
    _everTouched: new Uint32Array(takeTable(memory, tables.touched, 4)),
  });
};
/** Leaves the tables of a `Frames` to the rebuilt one that takes its place. */
export const leave = (frames: Frames): void => {
  const { _refs, _next, _state, _areas, _everTouched } = tablesOf(frames);
  leaveTable(frames.memory, tables.refs, _refs.buffer);
  leaveTable(frames.memory, tables.next, _next.buffer);
  leaveTable(frames.memory, tables.state, _state.buffer);
  leaveTable(frames.memory, tables.areas, _areas.buffer);
  leaveTable(frames.memory, tables.touched, _everTouched.buffer);
};

/**
 * Makes frames as they were. Frames that the machine has used since are zeroed, and code of frames that
 * differ
 * is invalidated. A frame that the machine has not used gets its bytes at its first use (`Frames.use`).
 */
export const loadPages = (
  frames: Frames,
  pages: Pages,
  processor: Cpu,
  used: { readonly tracking: Tracking | undefined } | undefined,
): void => {
  const { numbers, refs, next, state: states, bytes } = pages;
  frames.tracking = used?.tracking;
  const written = used?.tracking?.written ?? newWritten(frames);
  const code = (used?.tracking as SinceSnapshot | undefined)?.code ?? newCode();
  const unchanged = new Unchanged(frames, processor);
  const { _refs, _next, _state, _areas, _everTouched } = tablesOf(frames);
  const { watch, u8 } = frames;
  const { codeFrames } = watch;
  const words = new Int32Array(frames.memory.buffer);
  let i = 0;
  for (const n of touched(tablesOf(frames))) {
    while (i < numbers.length && (numbers[i] as number) < n) i++;
    if (numbers[i] === n) continue;
    if (codeFrames[n]) {
      const known = code.used.get(n);
      code.left.set(n, known && isEqual(words, n * WORDS, known) ? known : words.slice(n * WORDS, (n + 1) * WORDS));
    }
    if (written[n] === since.unused) written[n] = 0;
    else u8.fill(0, n * PAGE_SIZE, (n + 1) * PAGE_SIZE);
    _refs[n] = _next[n] = 0;
    _state[n] = state.earlier;
  }
  for (let k = 0; k < numbers.length; k++) {
    const n = numbers[k] as number;
    const before = _state[n] as number;
    const page = bytes[k];
    const from = n * WORDS;
    _refs[n] = refs[k] as number;
    _next[n] = next[k] as number;
    _state[n] = (before & ~state.own) | (states[k] as number);
    _areas[areaOf(n)] = 1;
    // It is counted when it gets its bytes.
    if (before === 0 && !page) (_everTouched[0] as number)++;
    if (unchanged.has(n) && unchanged.page === page && _refs[n] !== 0) continue;
    const isZeroed = (before & state.own) === 0 || written[n] === since.unused;
    if (_refs[n] === 0 || isZeroed) {
      if (codeFrames[n]) watch.invalidateFrame(n * PAGE_SIZE);
      if (_refs[n] !== 0) written[n] = page ? since.unused : 0;
    } else if (codeFrames[n] && (page ? isEqual(words, from, page) : isZero(words, from))) written[n] = 0;
    else {
      if (codeFrames[n]) watch.invalidateFrame(n * PAGE_SIZE);
      written[n] = since.stale;
    }
  }
  track(frames, processor, pages, written, code);
};
