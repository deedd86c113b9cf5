// Scripts of system calls, written once and run twice: by the kernel under us (native/sysrun.c) and by our
// handlers.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type Abi, i386, x64 } from "../../../src/abi/abi.ts";
import { errnoText } from "../../../src/abi/errno.ts";
import { type SyscallName, syscallNumbers } from "../../../src/abi/numbers.ts";
import { gcc, gcc32, nativeX64, top } from "../../support/host.ts";

/**
 * One argument: a number, a string, a buffer to fill, a buffer with bytes, an earlier result, a descriptor
 * that pipe2 stored.
 */
export type Arg =
  | number
  | string
  | { readonly out: number }
  | { readonly bytes: Uint8Array }
  | { readonly result: number }
  | { readonly stored: number; readonly word: 0 | 1 }
  | { readonly wide: number };
export const out = (n: number): Arg => ({ out: n });
/** A 64-bit integer: one register, or two where the ABI splits them. */
export const wide = (n: number): Arg => ({ wide: n });
export const bytes = (text: string | Uint8Array): Arg => ({
  bytes: typeof text === "string" ? Uint8Array.from(text, (c) => c.charCodeAt(0)) : text,
});
export const words = (...list: number[]): Arg => bytes(new Uint8Array(Int32Array.from(list).buffer));

export interface Call {
  readonly name: SyscallName;
  readonly args: readonly Arg[];
}
export interface Outcome {
  readonly result: number;
  readonly buffers: readonly Uint8Array[];
}

/** Collects calls; each returns a reference to its result. */
export class Script {
  readonly calls: Call[] = [];
  #buffers = 0;
  /** Add a call; the value stands for its result in later arguments. */
  add(name: SyscallName, ...args: Arg[]): Arg {
    this.calls.push({ name, args });
    this.#buffers += args.filter((a) => typeof a === "object" && ("out" in a || "bytes" in a)).length;
    return { result: this.calls.length - 1 };
  }
  /** A call that stores two descriptors in its only buffer. */
  pair(name: SyscallName, ...args: Arg[]): [Arg, Arg] {
    const stored = this.#buffers;
    this.add(name, ...args);
    return [
      { stored, word: 0 },
      { stored, word: 1 },
    ];
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
  if ("stored" in a) return `u${a.stored}${a.word ? ".1" : ""}`;
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

const outcome = (line: string): Outcome => {
  const [result, ...buffers] = line.split(" ");
  return { result: Number(result), buffers: buffers.map((b) => (b === "-" ? new Uint8Array(0) : Uint8Array.from(Buffer.from(b, "hex")))) };
};

/** The native kernel's answers, for each script in a fresh directory of a tmpfs that is its root. */
export const runNatively = (scripts: readonly Script[], abi: Abi): Outcome[][] => {
  const dir = mkdtempSync("/dev/shm/trapgate-fs-");
  try {
    const text = (s: Script): string =>
      s.calls.map((c) => `${[syscallNumbers[c.name][abi.column], ...flatten(c.args, abi).map(word)].join(" ")}\n`).join("");
    const { stdout, stderr } = spawnSync(runner(abi), [dir], {
      input: scripts.map(text).join("---\n"),
      encoding: "latin1",
      maxBuffer: 1 << 28,
      timeout: 60_000,
    });
    const all = stdout
      .split("---\n")
      .slice(0, -1)
      .map((part) =>
        part
          .split("\n")
          .filter((l) => l !== "")
          .map(outcome),
      );
    scripts.forEach((s, i) => {
      if (all[i]?.length !== s.calls.length)
        throw new Error(`script ${i} stopped after ${all[i]?.length} of ${s.calls.length} calls ${stderr}`);
    });
    return all;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

const argText = (a: Arg): string => {
  if (typeof a === "string") return JSON.stringify(a.length > 60 ? `${a.slice(0, 30)}…(${a.length})` : a);
  if (typeof a === "number") return String(a);
  if ("out" in a) return `out[${a.out}]`;
  if ("bytes" in a) return `bytes[${hex(a.bytes.subarray(0, 32))}]`;
  if ("wide" in a) return String(a.wide);
  return "stored" in a ? `*${a.stored}.${a.word}` : `#${a.result}`;
};
/** A call with its outcome, for comparison and for people. */
export const line = ({ name, args }: Call, { result, buffers }: Outcome): string => {
  const text = `${name}(${args.map(argText).join(", ")}) = ${result < 0 ? errnoText(-result) : result}`;
  return buffers.length === 0 ? text : `${text} ${buffers.map(digest).join(" ")}`;
};
/** Long buffers by their beginning, their length and a checksum. */
const digest = (b: Uint8Array): string =>
  b.length <= 160 ? hex(b) : `${hex(b.subarray(0, 16))}…(${b.length}, ${b.reduce((sum, x) => (Math.imul(sum, 31) + x) | 0, 0)})`;
export const abis: readonly Abi[] = [x64, i386];
export const needs = [nativeX64, gcc, gcc32] as const;
