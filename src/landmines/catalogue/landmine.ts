// A landmine: a weak policy, the escape from it, and the expected outcome under each kernel profile.
import { type KernelProfile, kernelProfile, type ProfileName, type Switches } from "../../kernel/base/profile.ts";
import { profiles } from "../../kernel/base/profiles.ts";

/** The outcome of a run of a guest, reduced to the parts that are equal in all runs on all machines. */
export interface Outcome {
  readonly stdout: string;
  /** An exit status, or the name of the fatal signal. */
  readonly end: number | string;
  /** Required text of the kernel log: the patch of 2012 names the blocked call. */
  readonly log?: string;
  /**
   * Part of a line that a trace of the first task must hold, in strace's format. A run on the host's kernel
   * has no trace.
   */
  readonly trace?: string;
}

/** The outcomes of the guest with the weak policy, and of the one with the mended policy. */
export interface Expected {
  readonly weak: Outcome;
  readonly fixed?: Outcome;
}

/** A row of the catalogue. The texts are for users. */
export interface Landmine {
  /** "A1": the id of the row. */
  readonly id: string;
  readonly title: string;
  readonly cite: readonly string[];
  readonly policy: string;
  readonly escape: string;
  readonly fix: string;
  /** guest/src/landmines/PROGRAM.asm; the executable has the suffixes of `guestFile`. */
  readonly program: string;
  /** The same file for all profiles: it installs no filter, or means the other dialect. */
  readonly oneProgram?: true;
  /**
   * By dialect, and by the processor's vendor if it matters. Without v6 the row has no meaning there;
   * `absent` is the reason.
   */
  readonly expected: Partial<Record<Dialect, Expected | Readonly<Record<ProcessorVendor, Expected>>>>;
  readonly absent?: string;
  /**
   * The outcomes under the rules of older kernels and other configurations. The first matching entry
   * applies.
   */
  readonly otherwise?: readonly Otherwise[];
  /**
   * The row shows its own filter: its verdict, or how it is attached. A policy of the user beside it
   * changes nothing, so the row is no question to one.
   */
  readonly ofItself?: true;
  /** The feature that this machine lacks to show the row. */
  readonly needs?: string;
}
/**
 * The interface for which a guest is written; each profile has one. The versions of the patch between v6
 * and Linux 3.5 install filters as Linux does, but have two other numbers for no_new_privs. Rows about the
 * compat lock exist for them, too.
 */
export type Dialect = "upstream" | "v6" | "patch:v7" | "patch:v13";
/** The outcomes under other rules. */
export interface Otherwise {
  /** Absent: upstream. */
  readonly dialect?: Dialect;
  readonly when: (rules: KernelProfile["seccomp"], kernel: KernelProfile) => boolean;
  readonly why: string;
  readonly expected: Expected;
}
/** A vendor of processors. */
export type ProcessorVendor = "amd" | "intel";
/** The environment in which a row runs. */
export interface Setting {
  readonly profile: ProfileName;
  readonly vendor: ProcessorVendor;
  /** Absent: the defaults of `run`. */
  readonly switches?: Partial<Switches>;
}
/** The weak policy, or the mended one. */
export type Variant = "weak" | "fixed";

/** Outcome: the text and a newline on standard output, then exit. */
export const prints = (text: string, exit = 0): Outcome => ({ stdout: text === "" ? "" : `${text}\n`, end: exit });
/** Outcome: the text on standard output, then a fatal signal. */
export const killed = (signal: string, text = ""): Outcome => ({ ...prints(text), end: signal });
/** An outcome whose trace holds this text. */
export const traced = (trace: string, outcome: Outcome): Outcome => ({ ...outcome, trace });
/**
 * Outcome: the denial of the patch of 2012. SIGKILL for the thread, and a line in the kernel log (seccomp
 * v6, "note if the call was compat").
 */
export const blocked = (nr: number, door: "compat" | "native", text = ""): Outcome => ({
  ...killed("SIGKILL", text),
  log: `${door === "compat" ? "compat " : ""}system call ${nr} blocked`,
});

/** The dialect of a profile, determined by its way to install a filter. */
export const dialectOf = (profile: ProfileName): Dialect => {
  const { prctl } = profiles[profile].seccomp;
  if (Object.values(prctl).includes("attach-filter")) return "v6";
  if (prctl[38] === "set-no-new-privs") return "upstream";
  return prctl[36] === "set-no-new-privs" ? "patch:v13" : "patch:v7";
};

/** The name suffix and the assembler symbols of a guest per dialect. */
const builds: Readonly<Record<Dialect, { readonly suffix: string; readonly defines: readonly string[] }>> = {
  upstream: { suffix: "", defines: [] },
  v6: { suffix: "-v6", defines: ["V6"] },
  "patch:v7": { suffix: "-v7", defines: ["NNP=35"] },
  "patch:v13": { suffix: "-v13", defines: ["NNP=36"] },
};
/** The assembler symbols for programs that install filters under a profile. */
export const symbolsOf = (profile: ProfileName): readonly string[] => builds[dialectOf(profile)].defines;
const buildOf = (mine: Landmine, profile: ProfileName) => builds[mine.oneProgram ? "upstream" : dialectOf(profile)];

/** The expected outcomes of a row; undefined if it has no meaning in the setting. */
export const expectedOf = (mine: Landmine, { profile, vendor, switches }: Setting): Expected | undefined => {
  const dialect = dialectOf(profile);
  const found = mine.expected[dialect];
  if (!found) return undefined;
  const kernel = kernelProfile(profile, switches) as KernelProfile;
  const other = mine.otherwise?.find((o) => (o.dialect ?? "upstream") === dialect && o.when(kernel.seccomp, kernel));
  if (other) return other.expected;
  return "amd" in found ? found[vendor] : found;
};

/** The guest file of a row: `a1`, `a1-fixed`, `a1-v6`, `a1-v6-fixed`. */
export const guestFile = (mine: Landmine, profile: ProfileName, variant: Variant): string =>
  mine.program + buildOf(mine, profile).suffix + (variant === "fixed" ? "-fixed" : "");

/** All guest files of a row, with the symbols for their assembly. */
export const guestFiles = (mine: Landmine): { readonly file: string; readonly defines: readonly string[] }[] => {
  const files = new Map<string, readonly string[]>();
  for (const dialect of Object.keys(mine.expected) as Dialect[]) {
    for (const variant of ["weak", "fixed"] as const) {
      const expected = expectedOf(mine, { profile: dialect, vendor: "amd" })?.[variant];
      const { defines } = buildOf(mine, dialect);
      if (expected) files.set(guestFile(mine, dialect, variant), [...defines, ...(variant === "fixed" ? ["FIXED"] : [])]);
    }
  }
  return [...files].map(([file, defines]) => ({ file, defines }));
};
