// The filters of a path, made for one system call number: one function that says whether all of them allow a call, and the arguments that
// it has let pass lately. A filter is a function of struct seccomp_data alone, so the same arguments give the same answer.
import { BPF, type Insn } from "./bpf/insn.ts";
import { type Compiled, compileAll, type Part, reachable } from "./compile.ts";
import { type EvaluatorRules, loadsData } from "./evaluate.ts";
import type { DataLayout } from "./layout.ts";

/** Sets of arguments that are remembered: a power of two. */
const PLACES = 8;
/** More words than that are no quicker to compare than to judge. */
const COMPARED = 6;

const widths: Readonly<Record<number, number>> = { [BPF.W]: 4, [BPF.H]: 2, [BPF.B]: 1 };

/** The words of the data that a load may read; undefined: any. */
const wordsRead = (layout: DataLayout, { code, k }: Insn): readonly number[] | undefined => {
  if ((code & 0xe0) === BPF.IND) return undefined;
  const last = k + (widths[code & 0x18] as number) - 1;
  if (last >= layout.size) return [];
  return k >> 2 === last >> 2 ? [k >> 2] : [k >> 2, last >> 2];
};

/** Which halves of arguments (SyscallData.args) programs may read on their way; undefined: also something else, or too many. */
export const argumentsRead = (layout: DataLayout, parts: readonly Part[]): readonly number[] | undefined => {
  const first = layout.words.indexOf("args[0].lo");
  const read = new Set<number>();
  for (const { program, start } of parts) {
    const reached = reachable(program, start.pc);
    for (const [pc, insn] of program.entries()) {
      if (!reached[pc] || !loadsData(insn)) continue;
      const words = wordsRead(layout, insn);
      if (!words) return undefined;
      // The number, and what ABI it is of, are given.
      for (const word of words) if (word >= 2) read.add(word - first);
    }
  }
  const list = [...read];
  return list.length <= COMPARED && list.every((i) => i >= 0 && i < 12) ? list : undefined;
};

export class Special {
  readonly #run: Compiled;
  readonly #read: readonly number[] | undefined;
  readonly #passed: Uint32Array;
  readonly #filled = new Uint8Array(PLACES);
  #latest = 0;

  /** The programs, each from where it first looks at something other than the number. May throw: no WebAssembly here. */
  constructor(rules: EvaluatorRules, parts: readonly Part[], allow: number, memory: WebAssembly.Memory) {
    this.#run = compileAll(rules, parts, allow, memory);
    this.#read = argumentsRead(rules.layout, parts);
    this.#passed = new Uint32Array(PLACES * (this.#read?.length ?? 0));
  }

  #place(args: Uint32Array, read: readonly number[]): number {
    let hash = 0;
    for (let n = 0; n < read.length; n++) hash = Math.imul(hash ^ (args[read[n] as number] as number), 0x9e3779b1);
    return (hash >>> 28) & (PLACES - 1);
  }
  /** A call with these arguments, as far as anybody looks at them, has been let pass. */
  remembers(args: Uint32Array): boolean {
    const read = this.#read;
    if (!read) return false;
    if (this.#holds(this.#latest, args, read)) return true;
    const place = this.#place(args, read);
    if (!this.#holds(place, args, read)) return false;
    this.#latest = place;
    return true;
  }
  #holds(place: number, args: Uint32Array, read: readonly number[]): boolean {
    const passed = this.#passed;
    let at = place * read.length;
    for (let n = 0; n < read.length; n++) if (passed[at++] !== args[read[n] as number]) return false;
    return this.#filled[place] === 1;
  }
  /** Judges the call whose words are in memory. */
  allows(args: Uint32Array): boolean {
    if (this.#run() === 0) return false;
    const read = this.#read;
    if (read) {
      const place = this.#place(args, read);
      this.#filled[place] = 1;
      for (let n = 0; n < read.length; n++) this.#passed[place * read.length + n] = args[read[n] as number] as number;
    }
    return true;
  }
}
