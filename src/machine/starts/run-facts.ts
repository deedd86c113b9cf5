// The options of a run as data: what the guest sees of them, without the parts of the host.
import type { BootOptions } from "../boot.ts";
import type { FileOptions, Policy, ProgramOptions } from "../options.ts";
import type { MachineFacts, ProgramFacts } from "../recording/recording.ts";

/** Options that are no part of the run as the guest sees it, or have facts of their own. */
const notMachine = [
  "root",
  "overlay",
  "mounts",
  "network",
  "files",
  "terminal",
  "timeout",
  "signal",
  "budget",
  "code",
  "engine",
  "sharedMemory",
  "largeTraces",
  "features",
] as const satisfies readonly (keyof BootOptions)[];
const notProgram = [
  "timeout",
  "signal",
  "hooks",
  "trace",
  "maxOutput",
  "stdin",
  "policy",
] as const satisfies readonly (keyof ProgramOptions)[];

type Datum = string | number | boolean | undefined | readonly string[] | Readonly<Record<string, string>>;
/** All other options are data. An option that is none must be in a list above. */
type AllData<T> = { readonly [K in keyof T]: T[K] extends Datum ? T[K] : never };
const factsOf = <T>(from: AllData<T>, without: readonly string[]): T =>
  Object.fromEntries(Object.entries(from).filter(([name, value]) => value !== undefined && !without.includes(name))) as T;

/** Of the machine. */
export const machineFacts = (boot: BootOptions): MachineFacts =>
  factsOf<Omit<BootOptions, (typeof notMachine)[number]>>(boot, notMachine) as MachineFacts;
/** Of the program, without its policy. */
export const programFacts = (program: ProgramOptions): ProgramFacts =>
  factsOf<Omit<ProgramOptions, (typeof notProgram)[number]>>(program, notProgram) as ProgramFacts;
/** Of both, in one object. */
export const runFacts = (options: BootOptions & ProgramOptions): object =>
  factsOf<Omit<BootOptions & ProgramOptions, (typeof notMachine | typeof notProgram)[number]>>(options, [...notMachine, ...notProgram]);
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
/** A policy: its text, or its instructions. */
export const policyFacts = (policy: Policy | undefined): string | undefined => {
  if (policy === undefined) return undefined;
  if (typeof policy === "string") return `text ${policy}`;
  return `bytes ${hex(policy instanceof Uint8Array ? policy : policy.bpf())}`;
};

/** Characters or bytes of given files that a key has, at most. */
const MOST_CONTENT = 2 ** 16;
/** Files beside those of trees. Undefined: they are long, or are read from elsewhere. */
export const filesFacts = (files: BootOptions["files"] = {}): readonly unknown[] | undefined => {
  let left = MOST_CONTENT;
  const facts: unknown[] = [];
  for (const [path, file] of Object.entries(files)) {
    const { content, mode = 0o644 } = isContent(file) ? { content: file } : file;
    if (typeof content !== "string" && !(content instanceof Uint8Array)) return undefined;
    left -= content.length;
    if (left < 0) return undefined;
    facts.push([path, mode, typeof content === "string" ? [content] : hex(content)]);
  }
  return facts;
};
const isContent = (file: string | Uint8Array | FileOptions): file is string | Uint8Array =>
  typeof file === "string" || file instanceof Uint8Array;
