// A script of system calls, written once and run twice: by the kernel under us (native/sysrun.c) and by our handlers.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type Abi, i386, x64 } from "../../../src/abi/abi.ts";
import { errnoText } from "../../../src/abi/errno.ts";
import { type SyscallName, syscallNumbers } from "../../../src/abi/numbers.ts";
import { gcc, nativeX64, top } from "../../support/host.ts";

/** One argument: a number, a string, a buffer to fill, a buffer with bytes, or an earlier result. */
export type Arg = number | string | { readonly out: number } | { readonly bytes: Uint8Array } | { readonly result: number } | { readonly wide: number };
export const out = (n: number): Arg => ({ out: n });
/** A 64-bit integer: one register, or two where the ABI splits them. */
export const wide = (n: number): Arg => ({ wide: n });
export const bytes = (text: string | Uint8Array): Arg => ({ bytes: typeof text === "string" ? Uint8Array.from(text, (c) => c.charCodeAt(0)) : text });

export interface Call { readonly name: SyscallName; readonly args: readonly Arg[] }
export interface Outcome { readonly result: number; readonly buffers: readonly Uint8Array[] }

/** Collects calls; each returns a reference to its result. */
export class Script {
  readonly calls: Call[] = [];
  /** Add a call; the value stands for its result in later arguments. */
  add(name: SyscallName, ...args: Arg[]): Arg {
    this.calls.push({ name, args });
    return { result: this.calls.length - 1 };
  }
}

export type Flat = Exclude<Arg, { readonly wide: number }>;
/** The arguments as registers hold them. */
export const flatten = (args: readonly Arg[], abi: Abi): Flat[] =>
  args.flatMap((a): Flat[] => {
    if (typeof a !== "object" || !("wide" in a)) return [a];
    return abi.splits64 ? [a.wide | 0, Math.floor(a.wide / 2 ** 32)] : [a.wide];
  });

const hex = (b: Iterable<number>): string => [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
const word = (a: Flat): string => {
  if (typeof a === "number") return `i${a}`;
  if (typeof a === "string") return `s${hex([...a].map((c) => c.charCodeAt(0)))}`;
  if ("out" in a) return `b${a.out}`;
  return "bytes" in a ? `d${hex(a.bytes)}` : `r${a.result}`;
};

const built = new Map<Abi, string>();
const runner = (abi: Abi): string => {
  let path = built.get(abi);
  if (!path) {
    path = `/tmp/sysrun-${process.pid}-${abi.name}`;
    const flags = abi === i386 ? ["-m32"] : [];
    const made = spawnSync("gcc", ["-O1", "-static", ...flags, "-o", path, `${top}/test/fs/native/sysrun.c`], { encoding: "utf8" });
    if (made.status !== 0) throw new Error(made.stderr);
    built.set(abi, path);
    process.on("exit", () => rmSync(path as string, { force: true }));
  }
  return path;
};

/** What the host's kernel answers, in a fresh directory of a tmpfs that is the root of the script's world. */
export const runNatively = (script: Script, abi: Abi): Outcome[] => {
  const dir = mkdtempSync("/dev/shm/trapgate-fs-");
  try {
    const input = script.calls.map((c) => [syscallNumbers[c.name][abi.column], ...flatten(c.args, abi).map(word)].join(" ")).join("\n");
    const { stdout, stderr } = spawnSync(runner(abi), [dir, "chroot"], { input: `${input}\n`, encoding: "latin1", maxBuffer: 1 << 28 });
    const lines = stdout.split("\n").filter((l) => l !== "");
    if (lines.length !== script.calls.length) throw new Error(`the script stopped after ${lines.length} of ${script.calls.length} calls ${stderr}`);
    return lines.map((line) => {
      const [result, ...buffers] = line.split(" ");
      return { result: Number(result), buffers: buffers.map((b) => (b === "-" ? new Uint8Array(0) : Uint8Array.from(Buffer.from(b, "hex")))) };
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

export const resultText = (n: number): string => (n < 0 ? errnoText(-n) : String(n));
export const callText = ({ name, args }: Call): string => `${name}(${args.map((a) => JSON.stringify(a)).join(", ")})`;
export const abis: readonly Abi[] = [x64, i386];
export const needs = [nativeX64, gcc] as const;
