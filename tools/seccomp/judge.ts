// Builds and runs test/seccomp/native/judge.c: the native kernel's treatment of filters.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { actionOf, dataOf, encodeProgram, errnoResult, type Program, type SeccompProfile } from "../../src/seccomp/index.ts";
import type { Case } from "./random.ts";

const path = (p: string): string => fileURLToPath(new URL(`../../${p}`, import.meta.url));

/** Compiles a C file unless that is done already; returns the program's path. */
export const build = (source: string, name: string, flags: readonly string[], linking: "static" | "dynamic" = "static"): string => {
  const from = path(source);
  const binary = path(`.cache/seccomp/${name}`);
  if (existsSync(binary) && statSync(binary).mtimeMs > statSync(from).mtimeMs) return binary;
  mkdirSync(path(".cache/seccomp"), { recursive: true });
  // Renamed into place: two test files may build at once.
  const fresh = `${binary}.${process.pid}`;
  const gcc = spawnSync("gcc", ["-O1", "-Wall", "-Wextra", ...(linking === "static" ? ["-static"] : []), "-o", fresh, from, ...flags], {
    encoding: "utf8",
  });
  if (gcc.status !== 0) throw new Error(`gcc ${source}: ${gcc.stderr}`);
  renameSync(fresh, binary);
  return binary;
};
// No red zone: the doors are entered by a call that the compiler does not see.
const judge = (): string => build("test/seccomp/native/judge.c", "judge", ["-mno-red-zone"]);

const ask = (mode: string, input: readonly Uint8Array[]): DataView => {
  const { status, stdout, stderr } = spawnSync(judge(), [mode], { input: Buffer.concat(input), maxBuffer: 1 << 28, timeout: 600_000 });
  if (status !== 0) throw new Error(`judge ${mode}: ${stderr}`);
  return new DataView(stdout.buffer, stdout.byteOffset, stdout.length);
};
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const withLength = (program: Program): Uint8Array[] => [words(program.length), encodeProgram(program)];

const askEach = (mode: string, programs: readonly Program[]): readonly number[] => {
  const out = ask(mode, programs.flatMap(withLength));
  return programs.map((_, i) => out.getUint32(i * 4, true));
};

/** For each program the errno of attaching it, 0 if it is taken. `socket`: as a socket filter. */
export const nativeCheck = (programs: readonly Program[], as: "seccomp" | "socket" = "seccomp"): readonly number[] =>
  askEach(as === "socket" ? "socket" : "check", programs);

/** The number of times that one task can attach each program. */
export const nativePath = (programs: readonly Program[]): readonly number[] => askEach("path", programs);

/** The outcome of a call, as the judge's struct answer, comparable. */
export type Outcome =
  | { readonly kind: "returned"; readonly value: number }
  | { readonly kind: "ran" }
  | { readonly kind: "trapped"; readonly data: number; readonly nr: number; readonly arch: number; readonly ip: number }
  | { readonly kind: "killed"; readonly signal: number }
  | { readonly kind: "not installed"; readonly errno: number };

const ENOSYS = 38;
const ip = ({ data }: Case): number => data.ipHi * 2 ** 32 + data.ipLo;

const request = (c: Case): Uint8Array => {
  const { nr, ipLo, ipHi, args } = c.data;
  // The upper half of rax is noise: the kernel must not look at it.
  return words(c.door === "syscall" ? 0 : 1, 0, nr, args[0] as number, ipLo, ipHi, ...args);
};
const ANSWER_SIZE = 24;
/** The value that an existing call returns is not the filter's. */
const returned = (c: Case, value: number): Outcome => (c.exists && value >= 0 ? { kind: "ran" } : { kind: "returned", value });

const answer = (view: DataView, at: number, c: Case): Outcome => {
  const value = view.getInt32(at + 4, true);
  switch (view.getUint32(at, true)) {
    case 0:
      return returned(c, value);
    case 1:
      return {
        kind: "trapped",
        data: value,
        nr: view.getInt32(at + 8, true),
        arch: view.getUint32(at + 12, true),
        ip: Number(view.getBigUint64(at + 16, true)),
      };
    case 2:
      return { kind: "killed", signal: value & 0x7f };
    default:
      return { kind: "not installed", errno: value };
  }
};

export interface Trial {
  readonly program: Program;
  readonly cases: readonly Case[];
}
/** Outcomes, trial by trial and case by case. */
export const nativeRun = (trials: readonly Trial[]): readonly (readonly Outcome[])[] => {
  const out = ask(
    "run",
    trials.flatMap(({ program, cases }) => [words(program.length, cases.length), encodeProgram(program), ...cases.map(request)]),
  );
  let at = -ANSWER_SIZE;
  return trials.map(({ cases }) =>
    cases.map((c) => {
      at += ANSWER_SIZE;
      return answer(out, at, c);
    }),
  );
};

/** The outcome that a return value must have, with neither tracer nor listener. */
export const expected = (profile: SeccompProfile, c: Case, value: number): Outcome => {
  switch (actionOf(profile.returns, value)) {
    case "kill_process":
    case "kill_thread":
      return { kind: "killed", signal: profile.kill.signal };
    case "trap":
      return { kind: "trapped", data: dataOf(value), nr: c.data.nr, arch: c.data.arch, ip: ip(c) };
    case "errno":
      return returned(c, errnoResult(profile.returns, value));
    case "trace":
    case "user_notif":
      return { kind: "returned", value: -ENOSYS };
    default:
      return c.exists ? { kind: "ran" } : { kind: "returned", value: -ENOSYS };
  }
};
