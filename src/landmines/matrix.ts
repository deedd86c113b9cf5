// The matrix: every landmine under every profile, what was expected and what happened.
import type { ProfileName } from "../kernel/base/profile.ts";
import { Machine } from "../machine/machine.ts";
import type { Run } from "../machine/run.ts";
import { catalogue } from "./catalogue/index.ts";
import { expectedOf, guestFile, type Landmine, type Outcome, type Setting, type Variant } from "./catalogue/landmine.ts";

/** Gives the bytes of a guest file by its name: from a folder, from the network. */
export type GuestFiles = (file: string) => Uint8Array | Promise<Uint8Array>;

/** Where a guest ran: under a profile of ours, or on the kernel of the host. */
export type Where = ProfileName | "native";
export type Comparison = "as expected" | "different" | "not yet";

export interface Cell {
  readonly mine: Landmine;
  readonly where: Where;
  readonly variant: Variant;
  readonly expected: Outcome;
  /** Absent: this machine has not got what the row needs (`mine.needs`). */
  readonly happened?: Outcome;
  readonly verdict: Comparison;
}

/** The part of a run that a landmine is judged by. */
export const outcomeOf = (run: Run, expected: Outcome): Outcome => {
  const { status } = run;
  const end = "exit" in status ? status.exit : "signal" in status ? status.signal : "timeout";
  const log = expected.log === undefined ? undefined : (run.kernelLog.find((line) => line.includes(expected.log as string)) ?? "");
  return { stdout: run.stdout.text, end, ...(log === undefined ? {} : { log }) };
};
export const compareOutcomes = (expected: Outcome, happened: Outcome): Comparison =>
  happened.stdout === expected.stdout && happened.end === expected.end && (happened.log ?? "").includes(expected.log ?? "")
    ? "as expected"
    : "different";

/** Guests that do not end are no landmines: virtual time is short. */
const SECONDS = 20;
/** Bytes: the programs are a few KB, and a machine is made for each. */
const MEMORY = 2 ** 22;

export const runLandmine = async (
  mine: Landmine,
  where: Setting & { readonly variant: Variant; readonly files: GuestFiles },
): Promise<Cell | undefined> => {
  const { profile, vendor, switches, variant, files } = where;
  const expected = expectedOf(mine, where)?.[variant];
  if (!expected) return undefined;
  const cell = { mine, where: profile, variant, expected };
  if (mine.needs !== undefined) return { ...cell, verdict: "not yet" };
  const program = await files(guestFile(mine, profile, variant));
  const run = await Machine.run(program, { ...switches, kernel: profile, cpu: `x86-64-v1:${vendor}`, memory: MEMORY, timeout: SECONDS });
  const happened = outcomeOf(run, expected);
  return { ...cell, happened, verdict: compareOutcomes(expected, happened) };
};

export interface MatrixOptions extends Omit<Setting, "profile"> {
  readonly profiles: readonly ProfileName[];
  readonly files: GuestFiles;
  /** Rows by their ids; absent: all. */
  readonly only?: readonly string[];
  /** Also run what upstream's guests do on the kernel of the host. */
  readonly native?: (mine: Landmine, variant: Variant) => Cell | undefined;
}
const variants = ["weak", "fixed"] as const;

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

/** `exit 77`, `SIGSYS`, `SIGKILL: compat system call 64 blocked`, with the last thing that the guest said. */
export const describeOutcome = ({ stdout, end, log }: Outcome): string => {
  const said = stdout.trimEnd().split("\n").at(-1) ?? "";
  const how = typeof end === "number" ? (end === 0 && said !== "" ? "" : `exit ${end}`) : end;
  return [said && `"${said}"`, how, log?.replace(/^\[.*?\] /, "")].filter(Boolean).join(", ");
};
