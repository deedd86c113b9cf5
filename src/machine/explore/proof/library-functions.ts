// Functions of libraries that order their own work, so that accesses by two of them need no order of the
// program's. For hidden accesses (hidden.ts).
import type { Task } from "../../../kernel/core/task.ts";
import { backtrace, type KnownPlaces } from "../../stack/backtrace.ts";
import { functionName } from "../../stack/names.ts";

/**
 * How a library orders an access: `own`, with all others of these functions. `files`: by the lock of its
 * file, which is an event. `nothing`: not at all.
 */
export type Orders = "own" | "files" | "nothing";
/** The work of a function that the program has called; `name`: that function. */
export interface LibraryWork {
  readonly orders: Orders;
  readonly name: string;
}

/**
 * Of their work, a program sees at most the addresses of blocks and stacks, and a proof is for those of its
 * runs.
 */
const OWN =
  /^_*(pthread_(create|join|tryjoin_np|timedjoin_np|detach|exit|mutex_\w+|cond_\w+|rwlock_\w+|barrier_\w+|spin_\w+|once)|thrd_\w+|mtx_\w+|cnd_\w+|sem_(init|destroy|wait|trywait|timedwait|post)|(libc_)?(malloc|free|cfree|calloc|realloc|memalign)|aligned_alloc|posix_memalign)$/;
/** Each is one step under the lock of its file. POSIX.1-2024, 2.5 "Standard I/O Streams", flockfile() */
const FILES =
  /^_*(IO_|isoc99_|isoc23_)?(v?f?(printf|scanf)|puts|putc|putchar|putw|fput[cs]|fwrite|fread|getc|getchar|gets|getw|fget[cs]|ungetc|getline|getdelim|fflush|flockfile|funlockfile|feof|ferror|clearerr|fileno|perror|fseek|fseeko(64)?|ftell|ftello(64)?|rewind|f[gs]etpos(64)?)(_chk)?$/;
/** glibc, with its libraries of threads before 2.34, and musl. */
const LIBRARY = /\/(libc[.-]|libpthread[.-]|ld-musl-)[^/]*$/;

const ordersOf = (name: string): Orders | undefined => (OWN.test(name) ? "own" : FILES.test(name) ? "files" : undefined);

/** True if two accesses by such functions need no order. */
export const areOrdered = (all: readonly (Orders | undefined)[]): boolean =>
  all.length === 2 && all.every((orders) => orders === "own" || orders === "files");
/** True for the file of the C library. */
export const isLibc = (path: string | undefined): boolean => path !== undefined && LIBRARY.test(path);

/** The functions of one exploration. */
export class LibraryFunctions {
  /** Names of functions by instruction: a path and an offset. A run reads no symbols anew. */
  private readonly _names = new Map<string, string>();
  private readonly _places: KnownPlaces = new Map();
  /** By instruction: it is in a function that waits for the lock of a file. */
  private readonly _waits = new Map<string, boolean>();

  private _placeOf({ mem }: Task, ip: number): string {
    const vma = mem.find(ip);
    return `${vma?.file?.path}:${ip - (vma?.start ?? 0) + (vma?.pgoff ?? 0) * 4096}`;
  }
  /** The function that an instruction belongs to. */
  nameOf(task: Task, ip: number): string {
    const place = this._placeOf(task, ip);
    let name = this._names.get(place);
    if (name === undefined) this._names.set(place, (name = functionName(task, ip) ?? ""));
    return name;
  }
  /** The work of a library's instruction that the running task is about to execute. */
  workOf(task: Task, ip: number): LibraryWork {
    // The innermost function decides, with any caller.
    const orders = ordersOf(this.nameOf(task, ip));
    if (orders !== undefined) return { orders, name: "" };
    const { mem, kernel } = task;
    const { state } = kernel.processor;
    const { rip } = state;
    state.rip = ip;
    const frames = backtrace(task, true, false, this._places);
    state.rip = rip;
    const path = mem.find(mem.startCode)?.file?.path;
    const own = frames.findIndex(({ file }) => file === path);
    // The beginning or the end of a thread.
    if (own < 0) return { orders: isLibc(frames.at(-1)?.file) ? "own" : "nothing", name: "" };
    for (const { symbol } of frames.slice(0, own)) {
      const found = symbol === undefined ? undefined : ordersOf(symbol);
      if (found !== undefined) return { orders: found, name: symbol ?? "" };
    }
    return { orders: "nothing", name: frames[own - 1]?.symbol ?? "a function without a name" };
  }
  /** The instruction, a CMPXCHG of the C library, waits until it has the lock of a file. */
  waitsForFile(task: Task, ip: number): boolean {
    const place = this._placeOf(task, ip);
    let waits = this._waits.get(place);
    if (waits === undefined) this._waits.set(place, (waits = this.workOf(task, ip).orders === "files"));
    return waits;
  }
}
