// What a search must know of an instruction that accesses shared memory: is it atomic, does a write read too,
// does it repeat, is it the C library's.
import type { Cpu } from "../cpu/cpu.ts";
import type { Decoded } from "../cpu/decode/decoder.ts";
import { R } from "../cpu/machine/state.ts";
import type { Task } from "../kernel/core/task.ts";

/** An instruction at an address. */
export interface Instruction {
  /** LOCK, or XCHG with memory. SDM Vol. 3A 9.1.2.2 */
  readonly isAtomic: boolean;
  /** A write reads its word first. */
  readonly reads: boolean;
  /** CMPXCHG, which writes nothing new if the accumulator differs. SDM Vol. 2A */
  readonly isCompareExchange: boolean;
  /** All stores before it are seen by all tasks before it is executed. SDM Vol. 3A 9.2.3, 9.3 */
  readonly isFence: boolean;
  /** SFENCE: stores before it are seen before those behind it. SDM Vol. 3A 9.2.5 */
  readonly isStoreFence: boolean;
  /** A store that is ordered by fences alone. SDM Vol. 1 10.4.6.2 */
  readonly isNonTemporal: boolean;
  /** A string instruction: its accesses are no points. */
  readonly repeats: boolean;
  /** Code of a library of the system. */
  readonly isLibrary: boolean;
  /** Code of the dynamic linker, which binds functions at their first calls. */
  readonly isLinker: boolean;
  /** The file of its code. */
  readonly path: string | undefined;
}

const LIBRARIES = /^(\/usr)?\/lib/;
const LINKERS = /\/ld-[^/]*$/;
/** Instructions that write memory without a read of it, by their names. */
const PLAIN = /^(mov|v?mov|set|push|call|f?n?st|fist|pop|enter|sto|ins|v?extract|v?pextr|xsave|fxsave|cvt)/i;

/** MFENCE, the doors of the kernel, and serialising instructions that user code may execute. */
const FENCES = /^(mfence|syscall|sysenter|int|int3|into|iret|cpuid|serialize|hlt|ud)/i;

const NON_TEMPORAL = /^v?movnt|^v?maskmov(dqu|q)/i;

const none: Instruction = {
  isAtomic: false,
  isCompareExchange: false,
  isFence: true,
  isStoreFence: false,
  isNonTemporal: false,
  reads: false,
  repeats: false,
  isLibrary: false,
  isLinker: false,
  path: undefined,
};

/**
 * Calls whose order among other tasks' does not matter as a rule: they concern the caller, or memory that it
 * alone has so far.
 */
// biome-ignore format: a table
const own = new Set([
  "arch_prctl", "brk", "clock_getres", "clock_gettime", "get_robust_list", "getcpu", "getegid", "geteuid", "getgid", "getpid", "getppid", "getrandom",
  "getrlimit", "getrusage", "gettid", "gettimeofday", "getuid", "madvise", "mlock", "mmap", "mmap2", "mprotect", "mremap", "munlock", "munmap",
  "prlimit64", "rseq", "rt_sigaction", "rt_sigprocmask", "sched_getaffinity", "set_robust_list", "set_thread_area", "set_tid_address",
  "sigaltstack", "sysinfo", "time", "times", "uname",
]);

/** True for the name of such a call. */
export const isOwnCall = (name: string | undefined): boolean => name !== undefined && own.has(name);

const isLibrary = (task: Task, path: string | undefined): boolean =>
  path !== undefined && LIBRARIES.test(path) && path !== task.mem.find(task.mem.startCode)?.file?.path;

/** What the row of an instruction tells: patterns of names cost too much for each instruction of each run. */
type OfRow = Pick<Instruction, "isCompareExchange" | "isStoreFence" | "isNonTemporal"> & {
  readonly isExchange: boolean;
  readonly isFence: boolean;
  readonly isPlain: boolean;
};
const rows = new Map<Decoded["row"], OfRow>();
const ofRow = (row: Decoded["row"]): OfRow => {
  let known = rows.get(row);
  if (!known) {
    const name = row.name.toLowerCase();
    known = {
      isExchange: name === "xchg",
      isFence: FENCES.test(name),
      isPlain: PLAIN.test(name),
      isCompareExchange: name === "cmpxchg",
      isStoreFence: name === "sfence",
      isNonTemporal: NON_TEMPORAL.test(name),
    };
    rows.set(row, known);
  }
  return known;
};
/** The instructions of one run, by address. */
export class Instructions {
  private readonly _cpu: Cpu;
  private readonly _known = new Map<number, Instruction>();
  /** Pages of data, by their number: are they a library's? */
  private readonly _data = new Map<number, boolean>();
  constructor(cpu: Cpu) {
    this._cpu = cpu;
  }
  at(task: Task, ip: number): Instruction {
    const known = this._known.get(ip);
    if (known) return known;
    const d = this._cpu.blocks.decodeOne(ip);
    if (!d) return none;
    const path = task.mem.find(ip)?.file?.path;
    const { isExchange, isFence, isPlain, isCompareExchange, isStoreFence, isNonTemporal } = ofRow(d.row);
    const isAtomic = d.lock || (isExchange && d.isMemory);
    const isInLibrary = isLibrary(task, path);
    const found = {
      isAtomic,
      isCompareExchange,
      isFence: isAtomic || isFence,
      isStoreFence,
      isNonTemporal,
      reads: isAtomic || !isPlain,
      repeats: d.row.repeat !== undefined && d.rep !== 0,
      isLibrary: isInLibrary,
      isLinker: isInLibrary && path !== undefined && LINKERS.test(path),
      path,
    };
    this._known.set(ip, found);
    return found;
  }
  /** Variables of a library: its file's pages, and the anonymous ones right behind them. */
  isLibraryData(task: Task, address: number): boolean {
    const page = Math.floor(address / 4096);
    const known = this._data.get(page);
    if (known !== undefined) return known;
    const { mem } = task;
    const vma = mem.find(address);
    const file = vma?.file ?? (vma && vma.start !== mem.brkStart ? mem.find(vma.start - 1)?.file : undefined);
    const found = isLibrary(task, file?.path);
    this._data.set(page, found);
    return found;
  }
  /** A CMPXCHG before which the task has stopped finds the accumulator's value. */
  exchanges({ mem }: Task, { address, bytes }: { readonly address: number; readonly bytes: number }): boolean {
    const accumulator = new Uint8Array(this._cpu.state.u32.buffer, this._cpu.state.u32.byteOffset + 8 * R.ax, bytes);
    return mem.read(address, bytes)?.every((byte, i) => byte === accumulator[i]) === true;
  }
  /** The name of the call that a task is about to make. */
  callName(task: Task): string | undefined {
    return task.kernel.scheduler.gate.entryOf(task.program.abi, Number(this._cpu.state.u64[R.ax]))?.syscall.name;
  }
  /** The name of the call that the kernel executes for a task. */
  runningCall({ kernel, program, origAx }: Task): string | undefined {
    return kernel.scheduler.gate.entryOf(program.abi, origAx)?.syscall.name;
  }
  /** True if the call is one of its own. */
  isOwnCall(task: Task, name = this.callName(task)): boolean {
    return isOwnCall(name);
  }
}
