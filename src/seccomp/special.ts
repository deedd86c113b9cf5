// Specialised filters: the filters of a path for one system call number. One function decides if all of them
// allow a call. A cache holds the arguments of recently allowed calls. A filter depends only on struct
// seccomp_data, so equal arguments give an equal result.
import { BPF, type Insn } from "./bpf/insn.ts";
import { type CompiledFilter, compileAll, type FilterStep, reachable } from "./compile.ts";
import { type EvaluatorRules, loadsData } from "./evaluate.ts";
import type { DataLayout } from "./layout.ts";

/** Sets of arguments in the cache: a power of two. */
const CACHE_SIZE = 8;
/** Bound of the compared words: comparing more would be no faster than an evaluation. */
const COMPARED = 6;

const widths: Readonly<Record<number, number>> = { [BPF.W]: 4, [BPF.H]: 2, [BPF.B]: 1 };

/** The words of the data that a load may read; undefined: any. */
const wordsRead = (layout: DataLayout, { code, k }: Insn): readonly number[] | undefined => {
  if ((code & 0xe0) === BPF.IND) return undefined;
  const last = k + (widths[code & 0x18] as number) - 1;
  if (last >= layout.size) return [];
  return k >> 2 === last >> 2 ? [k >> 2] : [k >> 2, last >> 2];
};

/**
 * The halves of arguments (SyscallData.args) that programs may read; undefined if they may read other data or
 * too many words.
 */
export const argumentsRead = (layout: DataLayout, steps: readonly FilterStep[]): readonly number[] | undefined => {
  const first = layout.words.indexOf("args[0].lo");
  const read = new Set<number>();
  for (const { program, start } of steps) {
    const reached = reachable(program, start.pc);
    for (const [pc, insn] of program.entries()) {
      if (!reached[pc] || !loadsData(insn)) continue;
      const words = wordsRead(layout, insn);
      if (!words) return undefined;
      // The number and its ABI are fixed.
      for (const word of words) if (word >= 2) read.add(word - first);
    }
  }
  const list = [...read];
  return list.length <= COMPARED && list.every((i) => i >= 0 && i < 12) ? list : undefined;
};

/** The specialised filter of a path for one number. */
export class SpecialisedFilter {
  private readonly _run: CompiledFilter;
  private readonly _read: readonly number[] | undefined;
  private readonly _allowed: Uint32Array;
  private readonly _filled = new Uint8Array(CACHE_SIZE);
  private _latest = 0;

  /**
   * The programs, each from its first access to data other than the number. Throws if WebAssembly is not
   * available.
   */
  constructor(rules: EvaluatorRules, steps: readonly FilterStep[], allow: number, memory: WebAssembly.Memory) {
    this._run = compileAll(rules, steps, allow, memory);
    this._read = argumentsRead(rules.layout, steps);
    this._allowed = new Uint32Array(CACHE_SIZE * (this._read?.length ?? 0));
  }

  private _slot(args: Uint32Array, read: readonly number[]): number {
    let hash = 0;
    for (let n = 0; n < read.length; n++) hash = Math.imul(hash ^ (args[read[n] as number] as number), 0x9e3779b1);
    return (hash >>> 28) & (CACHE_SIZE - 1);
  }
  /** True if a call with equal arguments, as far as the programs read them, was allowed. */
  isCached(args: Uint32Array): boolean {
    const read = this._read;
    if (!read) return false;
    if (this._holds(this._latest, args, read)) return true;
    const slot = this._slot(args, read);
    if (!this._holds(slot, args, read)) return false;
    this._latest = slot;
    return true;
  }
  private _holds(slot: number, args: Uint32Array, read: readonly number[]): boolean {
    const allowed = this._allowed;
    let at = slot * read.length;
    for (let n = 0; n < read.length; n++) if (allowed[at++] !== args[read[n] as number]) return false;
    return this._filled[slot] === 1;
  }
  /** Evaluates the call whose words are in memory. */
  allows(args: Uint32Array): boolean {
    if (this._run() === 0) return false;
    const read = this._read;
    if (read) {
      const slot = this._slot(args, read);
      this._filled[slot] = 1;
      for (let n = 0; n < read.length; n++) this._allowed[slot * read.length + n] = args[read[n] as number] as number;
    }
    return true;
  }
}
