// Kernel profiles: which Linux's rules hold. A rule that differs between versions is a property here, never an `if` on a version.
import { type SeccompProfile, type SeccompProfileName, seccompProfile, seccompProfileNames } from "../seccomp/index.ts";

export interface Profile {
  readonly name: string;
  /** uname(2). */
  readonly release: string;
  readonly version: string;
  /** Which seccomp, and whether it looks before the tracer does. */
  readonly seccomp: SeccompProfile;
  /** IA32 emulation: int $0x80, sysenter and syscall from 32-bit code, and 32-bit ELF files. */
  readonly ia32: boolean;
  /** Numbers with bit 30. Off as in Debian (syscall.x32=n): such numbers give ENOSYS. */
  readonly x32: boolean;
  /** The vsyscall page: its three entry points are emulated, or it is not there. */
  readonly vsyscall: "xonly" | "none";
}

export type ProfileName = SeccompProfileName;

/** The patch series was written on Linux 3.3-rc; a version of Linux is its own. */
const releaseOf = (seccomp: SeccompProfile): string => `${seccomp.name.startsWith("patch:") ? "3.3.0-rc2" : `${seccomp.name}.0`}-trapgate`;

const profileOf = (name: ProfileName): Profile => {
  const seccomp = seccompProfile(name) as SeccompProfile;
  return {
    name,
    release: releaseOf(seccomp),
    version: "#1 SMP PREEMPT_DYNAMIC trapgate",
    seccomp,
    ia32: true,
    x32: false,
    vsyscall: "xonly",
  };
};

/** Every point of seccomp's history. `upstream` and `v6`, the patch series' version 6 of the end of January 2012, are the two dialects. */
export const profiles = Object.fromEntries(seccompProfileNames.map((name) => [name, profileOf(name)])) as Readonly<
  Record<ProfileName, Profile>
>;
