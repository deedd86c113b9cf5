// The matrix: every landmine under every profile, with expected and actual outcome.
import type { ProfileName } from "../kernel/base/profile.ts";
import { Machine } from "../machine/machine.ts";
import type { Run } from "../machine/run.ts";
import { catalogue } from "./catalogue/index.ts";
import { expectedOf, guestFile, type Landmine, type Outcome, type Setting, type Variant } from "./catalogue/landmine.ts";

/** Returns the bytes of a guest file by name, from a folder or from the network. */
export type GuestFileReader = (file: string) => Uint8Array | Promise<Uint8Array>;

/** The environment of a run: a kernel profile, or the host's kernel. */
export type Where = ProfileName | "native";
/** The comparison of outcomes. "not yet": the row cannot run here. */
export type OutcomeComparison = "as expected" | "different" | "not yet";

/** The result of one run of a landmine. */
export interface Cell {
  readonly mine: Landmine;
  readonly where: Where;
  readonly variant: Variant;
  readonly expected: Outcome;
  /** Absent: this machine lacks a feature of the row (`mine.needs`). */
  readonly happened?: Outcome;
  readonly verdict: OutcomeComparison;
}

/** The line that has a text; empty if there is none, undefined if no text is expected. */
const lineWith = (lines: readonly string[], text: string | undefined): string | undefined =>
  text === undefined ? undefined : (lines.find((line) => line.includes(text)) ?? "");

/** The part of a run that a landmine's expectation names. */
export const outcomeOf = (run: Run, expected: Outcome): Outcome => {
  const { status } = run;
  const end = "exit" in status ? status.exit : "signal" in status ? status.signal : "timeout";
  const log = lineWith(run.kernelLog, expected.log);
  const trace = lineWith(run.trace, expected.trace);
  return { stdout: run.stdout.text, end, ...(log === undefined ? {} : { log }), ...(trace === undefined ? {} : { trace }) };
};
/** Compares the expected outcome with the actual one. */
export const compareOutcomes = (expected: Outcome, happened: Outcome): OutcomeComparison =>
  happened.stdout === expected.stdout &&
  happened.end === expected.end &&
  (happened.log ?? "").includes(expected.log ?? "") &&
  (happened.trace ?? expected.trace ?? "").includes(expected.trace ?? "")
    ? "as expected"
    : "different";

/** Bound in virtual seconds for guests that do not end. */
const SECONDS = 20;
/** Memory in bytes. The programs need a few KB, and each run creates a machine. */
const MEMORY = 2 ** 22;

/** Runs one guest of a landmine. Undefined if the row has no meaning in the setting. */
export const runLandmine = async (
  mine: Landmine,
  where: Setting & { readonly variant: Variant; readonly files: GuestFileReader },
): Promise<Cell | undefined> => {
  const { profile, vendor, switches, variant, files } = where;
  const expected = expectedOf(mine, where)?.[variant];
  if (!expected) return undefined;
  const cell = { mine, where: profile, variant, expected };
  if (mine.needs !== undefined) return { ...cell, verdict: "not yet" };
  const program = await files(guestFile(mine, profile, variant));
  const cpu = `:${vendor}`;
  const trace = expected.trace !== undefined;
  const run = await Machine.run(program, { ...switches, kernel: profile, cpu, memory: MEMORY, timeout: SECONDS, trace });
  const happened = outcomeOf(run, expected);
  return { ...cell, happened, verdict: compareOutcomes(expected, happened) };
};

/** Options of `matrix`. */
export interface MatrixOptions extends Omit<Setting, "profile"> {
  readonly profiles: readonly ProfileName[];
  readonly files: GuestFileReader;
  /** Rows by id; absent: all. */
  readonly only?: readonly string[];
  /** Runs a guest on the host's kernel in addition. */
  readonly native?: (mine: Landmine, variant: Variant) => Cell | undefined;
}
const variants = ["weak", "fixed"] as const;

/** Runs landmines under profiles, vendors and configurations. Yields a cell for each run. */
export async function* matrix(options: MatrixOptions): AsyncGenerator<Cell> {
  for (const mine of catalogue) {
    if (options.only && !options.only.includes(mine.id)) continue;
    for (const profile of options.profiles) {
      for (const variant of variants) {
        const cell = await runLandmine(mine, { ...options, profile, variant });
        if (cell) yield cell;
      }
    }
    for (const variant of variants) {
      const cell = options.native?.(mine, variant);
      if (cell) yield cell;
    }
  }
}

/**
 * A text of an outcome: `exit 77`, `SIGSYS`, `SIGKILL: compat system call 64 blocked`, with the guest's last
 * line.
 */
export const describeOutcome = ({ stdout, end, log }: Outcome): string => {
  const said = stdout.trimEnd().split("\n").at(-1) ?? "";
  const how = typeof end === "number" ? (end === 0 && said !== "" ? "" : `exit ${end}`) : end;
  return [said && `"${said}"`, how, log?.replace(/^\[.*?\] /, "")].filter(Boolean).join(", ");
};
