// The programs whose runs are counted. Each is short, because callgrind makes a run fifty times slower, and
// long enough
// for what it is to show.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { compile } from "../compile.ts";

export interface Row {
  readonly name: string;
  /** Options of `trapgate run`; undefined: the row is `node -e 0`. */
  readonly options?: readonly string[];
  /** The program's file on this host, and its arguments. */
  readonly file: string;
  readonly args: readonly string[];
  /** It is copied to the stage (tree.ts), where its path is the same on each host. */
  readonly isCopied: boolean;
  /** Names the contents of the program: counts of another compiler's program are other counts. */
  readonly program: string;
  /** It may be left out where the time does not suffice. */
  readonly long?: true;
  /** Regions depend on the host's clock, so they are shown and not compared. */
  readonly regionsVary?: true;
}

/** The host's: an unpacked package has no compiled modules, and takes twice as long. */
const pythonFile = "/usr/bin/python3";
const digest = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 12);

/**
 * The rows of this host: those whose program can be compiled or is unpacked. `getppid` is counted twice: the
 * difference of the two is the cost of 200 000 calls in code that is compiled and optimised.
 */
export const rows = (): { readonly there: readonly Row[]; readonly missing: readonly string[] } => {
  const missing: string[] = [];
  const compiled = (name: string, program: string, args: readonly string[], more: Partial<Row> = {}): readonly Row[] => {
    const file = compile(program, 64);
    if (file) return [{ name, options: [], file, args, isCopied: true, program: digest(file), ...more }];
    missing.push(`${name}: gcc does not compile bench/src/${program}.c`);
    return [];
  };
  const python = (): readonly Row[] => {
    const row = {
      name: "python3",
      options: ["--root", "/"],
      file: pythonFile,
      args: ["-I", "-S", "-c", "print(1)"],
      isCopied: false,
    } as const;
    if (existsSync(pythonFile)) return [{ ...row, program: digest(pythonFile), long: true, regionsVary: true }];
    missing.push("python3: it is not installed");
    return [];
  };
  const there: readonly Row[] = [
    ...compiled("getppid, 400 000", "sys", ["400000"]),
    ...compiled("getppid, 200 000", "sys", ["200000"]),
    ...compiled("getppid, 200 000, filter", "sys", ["200000", "f"]),
    ...compiled("fork and exit, 300", "forks", ["300"]),
    ...compiled("fork and exec, 50", "forkexec", ["50"]),
    ...compiled("hello", "hello", []),
    { name: "node -e 0", file: "", args: ["-e", "0"], isCopied: false, program: "node" },
    ...python(),
  ];
  return { there, missing };
};
