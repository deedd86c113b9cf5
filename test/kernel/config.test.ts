// /proc/config.gz says what the kernel has.
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { SyscallName } from "../../src/abi/numbers.ts";
import { type KernelProfile, kernelProfile } from "../../src/kernel/base/profile.ts";
import { features } from "../../src/kernel/features/index.ts";
import { gzip } from "../../src/kernel/fs/proc/config/gzip.ts";
import { configText } from "../../src/kernel/fs/proc/config/options.ts";
import { missing } from "../../src/kernel/syscall/missing.ts";

const profile = (name: string, switches = {}): KernelProfile => kernelProfile(name, switches) as KernelProfile;
/** The options of a text: true for y, false for one that is not set. */
const parse = (text: string): Map<string, boolean> => {
  const found = new Map<string, boolean>();
  for (const line of text.split("\n")) {
    const [, yes, no] = /^CONFIG_(\w+)=|^# CONFIG_(\w+) is not set$/.exec(line) ?? [];
    const name = yes ?? no;
    if (name === undefined) continue;
    if (found.has(name)) throw new Error(`${name} stands twice`);
    found.set(name, yes !== undefined);
  }
  return found;
};

test("an option for calls is set if and only if the kernel has them", () => {
  const options = parse(configText(profile("upstream"), features));
  const absent = new Set(missing.flatMap(({ names }) => names));
  const ofCalls: readonly (readonly [string, SyscallName])[] = [
    ["MODULES", "init_module"],
    ["SWAP", "swapon"],
    ["KEXEC", "kexec_load"],
    ["QUOTA", "quotactl"],
    ["BSD_PROCESS_ACCT", "acct"],
    ["PERF_EVENTS", "perf_event_open"],
    ["IO_URING", "io_uring_setup"],
    ["AIO", "io_setup"],
    ["USERFAULTFD", "userfaultfd"],
    ["KEYS", "keyctl"],
    ["SECURITY_LANDLOCK", "landlock_create_ruleset"],
    ["POSIX_MQUEUE", "mq_open"],
    ["SYSVIPC", "shmget"],
    ["FANOTIFY", "fanotify_init"],
    ["SECRETMEM", "memfd_secret"],
    ["NUMA", "mbind"],
    ["RSEQ", "rseq"],
    ["KCMP", "kcmp"],
    ["MEMBARRIER", "membarrier"],
    ["SECCOMP", "seccomp"],
  ];
  for (const [option, call] of ofCalls) expect([option, options.get(option)]).toEqual([option, !absent.has(call)]);
});
test("options follow the profile and its switches", () => {
  const both = parse(configText(profile("upstream", { ia32: true, x32: true }), features));
  const none = parse(configText(profile("v6", { ia32: false, vsyscall: "none" }), features));
  const names = ["IA32_EMULATION", "X86_X32_ABI", "COMPAT", "SECURITY_LANDLOCK"];
  expect(names.map((name) => both.get(name))).toEqual([true, true, true, true]);
  expect([...names, "X86_VSYSCALL_EMULATION"].map((name) => none.get(name))).toEqual([false, false, false, false, false]);
});
test.each([0, 1, 65535, 65536, 200_000])("zlib reads %i bytes of ours", (length) => {
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
  expect(Uint8Array.from(gunzipSync(gzip(bytes)))).toEqual(bytes);
});
