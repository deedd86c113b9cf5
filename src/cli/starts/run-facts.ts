// The options of a run as data: what the guest sees of them, without the parts of the host.
import type { BootOptions } from "../../machine/boot.ts";
import type { Policy, ProgramOptions } from "../../machine/options.ts";
import type { MachineFacts, ProgramFacts } from "../../machine/recording/recording.ts";

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
/** A policy as the command line gives it: its text, or its instructions. */
export const policyFacts = (policy: Policy | undefined): string | undefined =>
  typeof policy === "string" ? `text ${policy}` : policy instanceof Uint8Array ? `bytes ${Buffer.from(policy).toString("hex")}` : undefined;
