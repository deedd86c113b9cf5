// What a landmine is: a weak policy, the way around it, and what must come out under each kernel profile.
import { kernelProfile, type Profile, type ProfileName, type Switches } from "../../kernel/base/profile.ts";
import { profiles } from "../../kernel/base/profiles.ts";

/** How one run of a guest ended, as far as it is the same in every run on every machine. */
export interface Outcome {
  readonly stdout: string;
  /** An exit status, or the name of the signal that ended it. */
  readonly end: number | string;
  /** What the kernel log must hold: the patch of 2012 names the call that it blocked. */
  readonly log?: string;
  /** Part of a line that a trace of the first task must hold, in strace's format. A run on the host's kernel has no trace. */
  readonly trace?: string;
}

/** The guest with the weak policy, and the one with the mended policy. */
export interface Expected {
  readonly weak: Outcome;
  readonly fixed?: Outcome;
}

export interface Landmine {
  /** "A1": the row of the catalogue. */
  readonly id: string;
  readonly title: string;
  readonly cite: readonly string[];
  readonly policy: string;
  readonly escape: string;
  readonly fix: string;
  /** guest/src/landmines/PROGRAM.asm; the file to run has the suffixes of `guestFile`. */
  readonly program: string;
  /** The same file under every profile: it installs no filter, or means the other dialect. */
  readonly oneProgram?: true;
  /** By dialect, and by the processor's vendor where that decides. No v6: the row has no meaning there, and `absent` says why. */
  readonly expected: Partial<Record<Dialect, Expected | Readonly<Record<Vendor, Expected>>>>;
  readonly absent?: string;
  /** What comes out under the rules of older kernels, and of kernels that are configured otherwise: the first entry that applies. */
  readonly otherwise?: readonly Otherwise[];
  /** What this machine has not got yet, so that the row cannot be shown. */
  readonly needs?: string;
}
/**
 * What a guest is written for; each profile speaks one. The versions of the patch between v6 and Linux 3.5 install filters as Linux does,
 * but had two other numbers for no_new_privs; rows that tell the story of the compat lock are written for them too.
 */
export type Dialect = "upstream" | "v6" | "patch:v7" | "patch:v13";
interface Otherwise {
  /** Absent: upstream. */
  readonly dialect?: Dialect;
  readonly when: (rules: Profile["seccomp"], switches: Switches) => boolean;
  readonly why: string;
  readonly expected: Expected;
}
export type Vendor = "amd" | "intel";
/** On what a row is run. */
export interface Setting {
  readonly profile: ProfileName;
  readonly vendor: Vendor;
  /** Absent: as `run` has them. */
  readonly switches?: Partial<Switches>;
}
export type Variant = "weak" | "fixed";

/** `prints("text")`: the text and a newline on standard output, then exit. */
export const prints = (text: string, exit = 0): Outcome => ({ stdout: text === "" ? "" : `${text}\n`, end: exit });
export const killed = (signal: string, text = ""): Outcome => ({ ...prints(text), end: signal });
/** An outcome whose trace holds this text. */
export const traced = (trace: string, outcome: Outcome): Outcome => ({ ...outcome, trace });
/** The denial of the patch of 2012: SIGKILL for the thread, and a line in the kernel log (seccomp v6, "note if the call was compat"). */
export const blocked = (nr: number, door: "compat" | "native", text = ""): Outcome => ({
  ...killed("SIGKILL", text),
  log: `${door === "compat" ? "compat " : ""}system call ${nr} blocked`,
});

/** What tells the dialects apart is how one installs a filter. */
export const dialectOf = (profile: ProfileName): Dialect => {
  const { prctl } = profiles[profile].seccomp;
  if (Object.values(prctl).includes("attach-filter")) return "v6";
  if (prctl[38] === "set-no-new-privs") return "upstream";
  return prctl[36] === "set-no-new-privs" ? "patch:v13" : "patch:v7";
};

/** How a guest is named and assembled for a dialect. */
const builds: Readonly<Record<Dialect, { readonly suffix: string; readonly defines: readonly string[] }>> = {
  upstream: { suffix: "", defines: [] },
  v6: { suffix: "-v6", defines: ["V6"] },
  "patch:v7": { suffix: "-v7", defines: ["NNP=35"] },
  "patch:v13": { suffix: "-v13", defines: ["NNP=36"] },
};
const buildOf = (mine: Landmine, profile: ProfileName) => builds[mine.oneProgram ? "upstream" : dialectOf(profile)];

/** What is expected of a row: undefined where it has no meaning. */
export const expectedOf = (mine: Landmine, { profile, vendor, switches }: Setting): Expected | undefined => {
  const dialect = dialectOf(profile);
  const found = mine.expected[dialect];
  if (!found) return undefined;
  const kernel = kernelProfile(profile, switches) as Profile;
  const other = mine.otherwise?.find((o) => (o.dialect ?? "upstream") === dialect && o.when(kernel.seccomp, kernel));
  if (other) return other.expected;
  return "amd" in found ? found[vendor] : found;
};

/** `a1`, `a1-fixed`, `a1-v6`, `a1-v6-fixed`. */
export const guestFile = (mine: Landmine, profile: ProfileName, variant: Variant): string =>
  mine.program + buildOf(mine, profile).suffix + (variant === "fixed" ? "-fixed" : "");

/** Every guest file of a row, with the symbols that its source is assembled with. */
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
