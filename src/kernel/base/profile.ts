// Kernel profiles: the rules of one Linux version. A rule that differs between versions is a property here,
// computed from a list of cited changes; no code compares versions.

import { versionOfAlias } from "../../seccomp/profile/aliases.ts";
import type { SeccompProfile } from "../../seccomp/profile/profile.ts";
import { type SeccompProfileName, seccompProfile } from "../../seccomp/profile/profiles.ts";

/** Kernel bugs of their time that matter to filters. Each is off by default. */
export const bugs = {
  "ts-compat-sticks":
    "CVE-2015-2830, before 3.19.2: a child forked by int $0x80 from 64-bit code makes its first system call with TS_COMPAT still set; " +
    "filters see arch i386 with a 64-bit number",
  "strict-wrong-table":
    "CVE-2009-0835, before 2.6.29: strict mode looks the number up in the table of the program's ABI, not of the call's",
  "reciprocal-divide":
    "before 3.13 (aee636c4809f): BPF divides by a constant through reciprocal_divide(), which is wrong for 1 and off by one for others",
} as const;
/** A name in `bugs`. */
export type Bug = keyof typeof bugs;

/** Linux Documentation/admin-guide/kernel-parameters.txt, vsyscall=. `emulate` was the default until 5.3. */
export const vsyscallModes = ["none", "xonly", "emulate"] as const;
/** A value of vsyscall=. */
export type VsyscallMode = (typeof vsyscallModes)[number];

/** The options of a kernel of any version. */
export interface Switches {
  /** Numbers with bit 30. Off as in Debian (syscall.x32=n): such numbers give ENOSYS. */
  readonly x32: boolean;
  /** IA32 emulation: int $0x80, sysenter and syscall from 32-bit code, and 32-bit ELF files. */
  readonly ia32: boolean;
  /**
   * The vsyscall page: absent ("none"), or its entry points are emulated. With "emulate" its bytes are also
   * readable.
   */
  readonly vsyscall: VsyscallMode;
  readonly bugs: readonly Bug[];
}

/** Rules outside seccomp that differ between versions. */
export interface KernelRules {
  /**
   * One table serves x32 and x86-64: numbers 512 to 547 work without bit 30, and 64-bit-only calls with it.
   */
  readonly x32Shared: boolean;
  /** The vDSO makes random numbers from keys in the memory of the program. Linux lib/vdso/getrandom.c */
  readonly vdsoRandom: boolean;
}

/** The rules and options of one kernel. */
export interface KernelProfile extends Switches, KernelRules {
  readonly name: string;
  /** uname(2). */
  readonly release: string;
  readonly version: string;
  /** The rules of seccomp, with the order of seccomp and the tracer. */
  readonly seccomp: SeccompProfile;
}

/** Major and minor number of a Linux version. */
export type Version = readonly [major: number, minor: number];
/** True if the release is of that version or a later one. */
export const isSince = (release: string, [major, minor]: Version): boolean => {
  const [own, ownMinor] = release.split(".").map(Number) as [number, number];
  return major < own || (major === own && minor <= ownMinor);
};

/** A change of `KernelRules`. */
interface Change {
  /** The first version with the change. */
  readonly since: Version;
  readonly rules: Partial<KernelRules>;
}
const GROUND: KernelRules = { x32Shared: true, vdsoRandom: false };
/** Oldest first. */
const CHANGES: readonly Change[] = [
  // Linux 6365b842aae4, "x86/syscalls: Split the x32 syscalls into their own table".
  { since: [5, 4], rules: { x32Shared: false } },
  { since: [6, 11], rules: { vdsoRandom: true } },
];

const DEFAULTS: Switches = { ia32: true, x32: false, vsyscall: "xonly", bugs: [] };

/** A point of seccomp's history, or an alias. */
export type ProfileName = SeccompProfileName;

/** The release of a profile: Linux 3.3-rc2 for the patch series, else the version itself. */
const releaseOf = (version: string): string => `${version.startsWith("patch:") ? "3.3.0-rc2" : `${version}.0`}-trapgate`;

/** The rules of a version: all changes up to it. */
const rulesOf = (release: string): KernelRules => {
  const made = CHANGES.filter(({ since }) => isSince(release, since));
  return Object.assign({}, GROUND, ...made.map((change) => change.rules)) as KernelRules;
};

/**
 * A profile by name with its switches. Undefined: unknown name. The rules of seccomp are made at their first
 * use: a start without filters does not pay for the history.
 */
export const kernelProfile = (name: string, switches: Partial<Switches> = {}): KernelProfile | undefined => {
  const set = { ...DEFAULTS, ...switches };
  const key = JSON.stringify([name, set.ia32, set.x32, set.vsyscall, set.bugs]);
  const known = knownProfiles.get(key);
  if (known) return known;
  const made = profileOf(name, set);
  if (made) knownProfiles.set(key, made);
  return made;
};
/** All profiles that machines of the process have requested. They are constants. */
export const knownProfiles = new Map<string, KernelProfile>();
const profileOf = (name: string, set: Switches): KernelProfile | undefined => {
  const version = versionOfAlias(name) ?? seccompProfile(name)?.name;
  if (version === undefined) return undefined;
  const release = releaseOf(version);
  let seccomp: SeccompProfile | undefined;
  return {
    ...set,
    ...rulesOf(release),
    name,
    release,
    version: "#1 SMP PREEMPT_DYNAMIC trapgate",
    get seccomp() {
      return (seccomp ??= seccompRules(version, set.bugs));
    },
  };
};

const seccompRules = (version: string, defects: readonly Bug[]): SeccompProfile => {
  const rules = seccompProfile(version) as SeccompProfile;
  return defects.includes("reciprocal-divide") ? { ...rules, reciprocalDivision: true } : rules;
};
