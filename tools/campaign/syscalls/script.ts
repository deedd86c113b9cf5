// A script of system calls, and its bytes for the guest that makes them: guest/src/script.asm has the format.
import { i386, x32, x64 } from "../../../src/abi/abi.ts";
import { type SyscallName, syscallNumbers } from "../../../src/abi/numbers.ts";
import { x32Number } from "../../../src/abi/numbers-x32.ts";

export const abis = { x64, i386, x32 } as const;
export type AbiName = keyof typeof abis;

/** The guest's memory layout. The same addresses serve both widths. */
export const at = { results: 0x1100_0000, arena: 0x1200_0000, readOnly: 0x1280_0000, scratch: 0x1300_0000, nothing: 0x2000_0000 } as const;
export const ARENA_SIZE = 0x4000;

/** A number in hex or decimal; `$N`: the result of call N; `@ADDRESS`: the dword there. */
export type Word = string;
export interface Call {
  readonly abi: AbiName;
  /** A name, or a number that is no call's. */
  readonly call: SyscallName | number;
  readonly args: readonly Word[];
  /** Numbers the results; `$N` in later arguments. Kept when calls before it are left out. */
  readonly index: number;
  /** Calls of the task that this call makes, if it makes one. */
  readonly child?: readonly Call[];
}
/** Calls of one process; `index` is that of its status, the one behind it is the arena's digest. */
export interface Chunk {
  readonly index: number;
  readonly calls: readonly Call[];
  /** The calls are made so often. Default once. */
  readonly times?: number;
  /** The first process makes the calls itself, so that their effects stay. */
  readonly here?: true;
}
export interface Script {
  /** Calls of the first process, with effects that the chunks inherit. */
  readonly before: readonly Call[];
  readonly chunks: readonly Chunk[];
  /** Base64, without the zeroes at its end. */
  readonly arena: string;
}

export const numberOf = ({ abi, call }: Call): number => {
  if (typeof call === "number") return call;
  if (abi === "x32") return ((x32Number(call) ?? syscallNumbers[call][0] ?? 0xffff) | 0x4000_0000) >>> 0;
  return syscallNumbers[call][abi === "i386" ? 1 : 0] ?? 0xffff;
};

const RECORD = 64;
/** The record's task goes on elsewhere if it gets 0. */
const SPAWNS = 0x80;
const op = { end: 0, chunk: 1, call: 2, chunkEnd: 3, loop: 4 } as const;

/** One record; `childAt` is filled in when it is known. */
class Writer {
  readonly #records: DataView[] = [];
  #results = 0;
  readonly #base: number;
  constructor(base: number) {
    this.#base = base;
  }
  get offset(): number {
    return this.#base + this.#records.length * RECORD;
  }
  #record(operation: number, index: number): DataView {
    const view = new DataView(new ArrayBuffer(RECORD));
    view.setUint8(0, operation);
    view.setUint32(8, index, true);
    this.#results = Math.max(this.#results, index + 1);
    this.#records.push(view);
    return view;
  }
  call(call: Call): DataView {
    const view = this.#record(op.call, call.index);
    view.setUint8(1, call.abi === "i386" ? 1 : 0);
    view.setUint32(4, numberOf(call), true);
    let references = 0;
    let loads = 0;
    for (const [i, word] of call.args.entries()) {
      if (word.startsWith("$")) references |= 1 << i;
      if (word.startsWith("@")) loads |= 1 << i;
      view.setBigUint64(16 + 8 * i, BigInt.asUintN(64, BigInt(word.replace(/^[$@]/, ""))), true);
    }
    view.setUint8(2, references);
    view.setUint8(3, loads);
    return view;
  }
  chunk({ index, calls, times = 1, here }: Chunk): void {
    const begin = here ? undefined : this.#record(op.chunk, index);
    const later: { view: DataView; calls: readonly Call[] }[] = [];
    const write = (list: readonly Call[], rounds = 1): void => {
      const start = this.offset;
      for (const call of list) {
        const view = this.call(call);
        if (call.child) later.push({ view, calls: call.child });
      }
      if (rounds === 1) return;
      const end = this.#record(op.loop, index);
      end.setUint32(4, rounds, true);
      end.setUint32(12, start, true);
    };
    write(calls, times);
    // The first process skips its children's calls.
    const over = here ? this.#record(op.loop, index + 1) : undefined;
    if (over) over.setUint32(4, 2 ** 32 - 1, true);
    else this.#record(op.chunkEnd, index + 1);
    for (const { view, calls: mine } of later) {
      view.setUint8(3, view.getUint8(3) | SPAWNS);
      view.setUint32(12, this.offset, true);
      write(mine);
      this.#record(op.chunkEnd, index + 1);
    }
    begin?.setUint32(12, this.offset, true);
    over?.setUint32(12, this.offset, true);
  }
  bytes(arena: Uint8Array): Uint8Array {
    this.#record(op.end, 0);
    const out = new Uint8Array(this.offset);
    new DataView(out.buffer).setUint32(0, this.#results, true);
    out.set(arena, RECORD);
    for (const [i, view] of this.#records.entries()) out.set(new Uint8Array(view.buffer), this.#base + i * RECORD);
    return out;
  }
}

export const encode = ({ before, chunks, arena }: Script): Uint8Array => {
  const writer = new Writer(RECORD + ARENA_SIZE);
  for (const call of before) writer.call(call);
  for (const chunk of chunks) writer.chunk(chunk);
  return writer.bytes(Buffer.from(arena, "base64"));
};

/** The calls of all chunks, for the minimiser; and a script with some of them. */
export interface ScriptPart {
  readonly index: number;
  readonly call: Call;
}
export const partsOf = ({ chunks }: Script): readonly ScriptPart[] =>
  chunks.flatMap(({ index, calls }) => calls.map((call) => ({ index, call })));
export const withParts = (script: Script, parts: readonly ScriptPart[]): Script => {
  const chunks = [...new Set(parts.map((p) => p.index))].map((index) => ({
    ...script.chunks.find((chunk) => chunk.index === index),
    index,
    calls: parts.filter((p) => p.index === index).map((p) => p.call),
  }));
  return { ...script, chunks };
};

/** Every call with its text, by the index of its result, for the reader of a finding. */
export const described = (script: Script): ReadonlyMap<number, string> => {
  const text = new Map<number, string>();
  const add = (calls: readonly Call[]): void => {
    for (const call of calls) {
      text.set(call.index, `${call.abi}:${call.call}(${call.args.join(", ")})`);
      add(call.child ?? []);
    }
  };
  add(script.before);
  for (const { index, calls } of script.chunks) {
    text.set(index, `status of the chunk with result ${index}`).set(index + 1, `arena at the end of the chunk with result ${index}`);
    add(calls);
  }
  return text;
};
