// A heap whose freed blocks fault, as a library that guests load before their C library: files of guest/heap
// (`npm run guests:heap`), and LD_PRELOAD.
import { readFileSync } from "node:fs";
import { ofText } from "../kernel/base/byte-string.ts";
import { PT, parseElf, programHeaders, programHeadersSize } from "../kernel/exec/elf.ts";
import type { HostNode, HostTree } from "../kernel/fs/types/host-tree.ts";
import { S_IFLNK, S_IFMT, S_IFREG } from "../kernel/fs/vfs/mode.ts";
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

/** Links and scripts that lead to a program, at most. Linux MAXSYMLINKS. */
const MOST_LINKS = 40;
/** Bytes of a table or a name that are read, at most. */
const MOST_BYTES = 65_536;
const latin1 = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);
type Readable = Pick<HostNode, "read">;
const readAt = (file: Readable, offset: number, length: number): Uint8Array => {
  const into = new Uint8Array(Math.min(length, MOST_BYTES));
  return into.subarray(0, Math.max(0, file.read(offset, into)));
};

/** A file of a tree, and its last name. Undefined: there is none, or its path has too many links. */
const fileOf = ({ root }: HostTree, path: string): { readonly node: HostNode; readonly name: string } | undefined => {
  const left = path.split("/").reverse();
  const above: { readonly node: HostNode; readonly name: string }[] = [{ node: root, name: "" }];
  for (let links = 0; left.length > 0; ) {
    const name = left.pop() as string;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (above.length > 1) above.pop();
      continue;
    }
    const node = above.at(-1)?.node.lookup(name);
    if (node === undefined || typeof node === "number") return undefined;
    const target = (node.stat.mode & S_IFMT) === S_IFLNK ? node.readlink() : undefined;
    if (typeof target === "number" || (target !== undefined && ++links > MOST_LINKS)) return undefined;
    if (target === undefined) above.push({ node, name });
    else {
      if (target.startsWith("/")) above.length = 1;
      left.push(...target.split("/").reverse());
    }
  }
  return above.at(-1);
};

/** The program to look up: as the guest's start does it, by the folders of PATH. */
interface HeapUser {
  readonly path: string;
  /** Its bytes, if it is not in the tree. */
  readonly content?: Uint8Array | undefined;
  readonly cwd?: string | undefined;
  readonly searched: string;
}
/**
 * The reason for which a program of a root starts without the guarded heap. Undefined: it has it, or is not
 * in this tree. A child of the program may have it nevertheless.
 */
export const withoutHeap = (tree: HostTree, { path, content, cwd = "/", searched }: HeapUser): string | undefined => {
  const firstOf = (names: readonly string[]): { readonly node: Readable; readonly name: string } | undefined =>
    names
      .map((name) => fileOf(tree, name.startsWith("/") ? name : `${ofText(cwd)}/${name}`))
      .find((file) => file && (file.node.stat.mode & S_IFMT) === S_IFREG);
  const folders = path.includes("/") ? [""] : searched.split(":").map((folder) => `${folder}/`);
  let found = content ? { node: readableOf(content), name: "" } : firstOf(folders.map((folder) => ofText(`${folder}${path}`)));
  for (let scripts = 0; found && scripts < MOST_LINKS; scripts++) {
    const head = readAt(found.node, 0, 256);
    const [, script] = /^#![ \t]*([^\s\0]+)/.exec(latin1(head)) ?? [];
    if (script === undefined) return reasonOf(found.node, found.name, head);
    found = firstOf([script]);
  }
  return undefined;
};
const readableOf = (content: Uint8Array): Readable => ({
  read(offset, into) {
    const bytes = content.subarray(offset, offset + into.length);
    into.set(bytes);
    return bytes.length;
  },
});
const reasonOf = (file: Readable, name: string, head: Uint8Array): string | undefined => {
  const header = head.length < 64 ? undefined : parseElf(head, { x32: true });
  const size = header && programHeadersSize(header);
  if (!header || size === undefined) return undefined;
  const table = readAt(file, header.phoff, size);
  if (table.length < size) return undefined;
  const interpreter = programHeaders(header, table).find(({ type }) => type === PT.INTERP);
  // The loader itself, as a program, loads the heap with the program that it is given.
  if (!interpreter) return /^ld[-.]/.test(name) ? undefined : "is linked statically";
  return /\/ld-musl-/.test(latin1(readAt(file, interpreter.offset, interpreter.filesz))) ? "is linked with musl" : undefined;
};
