// Profiles from a seed: Docker's and containers-common's with many capabilities, and random ones in the
// users' style and beyond.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { i386, x32, x64 } from "../../src/abi/abi.ts";
import { type Comparison, type Operator, type Profile, type Rule, readContainerProfile, Source } from "../../src/policy/index.ts";
import type { Random } from "../seccomp/random.ts";

const share = fileURLToPath(new URL("../../.cache/debian/profiles-amd64/usr/share", import.meta.url));
export const dockerFile = `${share}/gocode/src/github.com/docker/docker/profiles/seccomp/default.json`;
export const commonFile = `${share}/containers/seccomp.json`;

const capabilities = [
  "CAP_SYS_ADMIN",
  "CAP_SYS_PTRACE",
  "CAP_SYS_TIME",
  "CAP_BPF",
  "CAP_PERFMON",
  "CAP_AUDIT_WRITE",
  "CAP_SYS_NICE",
  "CAP_DAC_READ_SEARCH",
];

/** A profile that is shipped, on a host with some capabilities. */
export const shipped = (file: string, r: Random): Promise<Profile> =>
  readContainerProfile(new Source(file, readFileSync(file, "utf8")), {
    capabilities: capabilities.filter(() => r.chance(0.5)),
    kernel: r.pick(["4.4", "5.15", "6.12"]),
  });

const operators: readonly Operator[] = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];
// biome-ignore format: table
const values = [0n, 1n, 2n, 3n, 8n, 16n, 40n, 0x7fn, 0x20000n, 0x7e020000n, 0xfffffff0n, 0xffffffffn, 0x100000000n, 0x100000001n, 0xffffffff00000000n,
  0x8000000000000000n, 0xffffffffffffffffn];
// biome-ignore format: table
const names = ["read", "write", "close", "openat", "socket", "connect", "accept4", "sendto", "shmat", "semop", "semtimedop", "msgget", "clone", "clone3",
  "personality", "ioctl", "prctl", "keyctl", "futex", "mmap", "mmap2", "fcntl", "fcntl64", "ptrace", "recvmmsg", "io_uring_setup", "_llseek", "waitpid",
  "socketcall", "ipc", "stat", "fadvise64", "rt_sigaction", "execveat", "send", "recv", "breakpoint", "no_such_call", "openat2", "seccomp"];
const ALLOW = 0x7fff_0000;
const actions = [0x8000_0000, 0, 0x0003_0000, 0x0005_0001, 0x0005_0026, 0x7ff0_0001, 0x7ffc_0000, ALLOW];

const comparison = (r: Random, indexes: readonly number[]): Comparison => {
  const op = r.pick(operators);
  return { index: r.pick(indexes) as Comparison["index"], op, value: r.pick(values), valueTwo: op === "MASKED_EQ" ? r.pick(values) : 0n };
};
const place = { from: 0, to: 0 };

/** `sameAction`: of all rules; otherwise rules for one call may contradict each other. */
export const randomProfile = (r: Random, sameAction: boolean): Profile => {
  const defaultAction = r.pick(actions);
  const usual = r.pick(actions.filter((action) => action !== defaultAction));
  const rules = Array.from({ length: 1 + r.below(r.pick([4, 12, 50])) }, (): Rule => {
    const list = Array.from({ length: 1 + r.below(4) }, () => r.pick(names));
    const indexes = r.chance(0.9) ? [0, 1, 2].slice(0, 1 + r.below(3)) : [0, 1, 2, 3, 4, 5];
    const args = r.chance(0.5) ? [] : Array.from({ length: 1 + r.below(2) }, () => comparison(r, indexes));
    return { names: list, action: sameAction ? usual : r.pick(actions), args, places: list.map(() => place), place };
  });
  const abis = r.pick([[x64], [x64, i386], [x64, i386, x32], [x64, x32], [i386], [x32], []]);
  return { source: new Source("random", ""), defaultAction, abis, rules, warnings: [] };
};
