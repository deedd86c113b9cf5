// A heap whose freed blocks fault, as a library that guests load before their C library: files of guest/heap
// (`npm run guests:heap`), and LD_PRELOAD.
import { readFileSync } from "node:fs";
import type { FileOptions } from "../machine/options.ts";
import { Problem } from "../problem.ts";

/** Where a guest finds it: in memory for each kind of root. ld.so(8) replaces $PLATFORM. */
const folder = "/dev/shm/trapgate-heap";
/** AT_PLATFORM of 64-bit and 32-bit programs, and glibc's names for it by the processor's features. */
const platforms = { 64: ["x86_64", "haswell", "xeon_phi"], 32: ["i386", "i486", "i586", "i686"] } as const;

/** The folder guest of the package, from src/host, dist and dist/bundle. */
const library = (bits: string): Uint8Array => {
  for (const up of ["..", "../.."])
    try {
      return readFileSync(new URL(`${up}/guest/heap/guarded-heap.${bits}.so`, import.meta.url));
    } catch {}
  throw new Error(`the package has no guest/heap/guarded-heap.${bits}.so`);
};

/** Options of a machine and a program with a guarded heap. */
export interface GuardedHeap {
  readonly files: Readonly<Record<string, FileOptions>>;
  readonly env: Readonly<Record<string, string>>;
}
/**
 * A heap in which each use of freed memory, second free and access behind the end of a block is SIGSEGV:
 * each block ends at the end of its pages, and no page is used twice (Perens, "Electric Fence", 1987). For
 * programs that are linked dynamically with glibc. A block takes three mappings, of which a process has
 * 65530. `env`: the program's other variables. Libraries of its LD_PRELOAD are loaded behind the heap.
 *
 * @example
 * const { files, env } = guardedHeap({ HOME: "/root" });
 * await explore("/home/me/prog", { root: hostTree("/"), files, env, exit: 0 });
 */
export const guardedHeap = (env: Readonly<Record<string, string>> = {}): GuardedHeap => {
  const of = (bits: keyof typeof platforms): (readonly [string, FileOptions])[] => {
    const file = { content: library(String(bits)), mode: 0o755 };
    return platforms[bits].map((platform) => [`${folder}/${platform}.so`, file]);
  };
  const { LD_PRELOAD: own = "" } = env;
  return {
    files: Object.fromEntries([...of(64), ...of(32)]),
    env: { ...env, LD_PRELOAD: `${folder}/$PLATFORM.so ${own}`.trimEnd() },
  };
};
/** A program without a root has no C library that could load the heap. */
export const withoutLibraries = (): Problem =>
  new Problem("usage", "--guarded-heap is for programs that are linked dynamically, which need --root or --image");
