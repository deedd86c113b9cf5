// Kernel profiles: which Linux's rules hold. A rule that differs between versions is a property here, never an `if` on a version.
import { type SeccompProfile, upstream as upstreamSeccomp, v6 as v6Seccomp } from "../seccomp/index.ts";

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

const upstream: Profile = {
  name: "upstream",
  release: "6.12.0-trapgate",
  version: "#1 SMP PREEMPT_DYNAMIC trapgate",
  seccomp: upstreamSeccomp,
  ia32: true,
  x32: false,
  vsyscall: "xonly",
};
/** Will Drewry's patch series, version 6 of the end of January 2012, on Linux 3.3. */
const v6: Profile = {
  ...upstream,
  name: "v6",
  release: "3.3.0-rc2-trapgate",
  version: "#1 SMP trapgate",
  seccomp: v6Seccomp,
};

export const profiles = { upstream, v6 } as const satisfies Record<string, Profile>;
export type ProfileName = keyof typeof profiles;
