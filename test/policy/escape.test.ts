// The guests of findings: under a weak filter each performs the denied action, here and natively.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { arg, audit, CLONE, errno, type Finding, policy, readPolicy } from "trapgate/policy";
import { describe, expect, it } from "vitest";
import { escapeOf } from "../../src/cli/seccomp/escape/escape.ts";
import { type GuestText, guestFile } from "../../src/cli/seccomp/escape/guest.ts";
import { type GuestRuns, show } from "../../src/cli/seccomp/escape/show.ts";
import type { Diagram } from "../../src/seccomp/index.ts";
import { inFolder } from "../support/guest.ts";
import { missing, nativeX64 } from "../support/host.ts";

interface Meaning {
  readonly diagram: Diagram;
  bpf(): Uint8Array;
}
const deny = (...calls: readonly string[]): string =>
  `A = arch\nA == ARCH_X86_64 ? next : kill\nA = sys_number\nA >= 0x40000000 ? kill : next\n${calls.map((name) => `A == ${name} ? no : next\n`).join("")}return ALLOW
no: return ERRNO(EPERM)\nkill: return KILL_PROCESS`;
const asm = (text: string): Promise<Meaning> => readPolicy("f.asm", new TextEncoder().encode(text), { format: "asm" });
const open64 = "A = sys_number\nA == openat ? no : ok\nok: return ALLOW\nno: return ERRNO(EPERM)";
const socketWide = `A = arch\nA == ARCH_X86_64 ? next : kill\nA = sys_number\nA == socket ? next : ok\nA = args[0] >> 32\nA == 0 ? next : ok
A = args[0]\nA == 1 ? no : ok\nok: return ALLOW\nno: return ERRNO(EPERM)\nkill: return KILL_PROCESS`;
const socketOf32 =
  "A = arch\nA == ARCH_I386 ? next : ok\nA = sys_number\nA == i386.socket ? no : ok\nok: return ALLOW\nno: return ERRNO(EPERM)";
const onClone = policy({ default: errno("EPERM"), arch: ["x64"] });

/** A weak policy, and the finding whose guest must succeed under it. */
const cases: readonly (readonly [what: string, id: string, meaning: () => Promise<Meaning> | Meaning])[] = [
  ["a filter without the architecture", "i386-door", () => asm(open64)],
  ["a number of x32", "x32-door", () => asm(open64)],
  ["socketcall", "multiplexer", () => asm(socketOf32)],
  ["the upper half of an int", "narrow-as-wide", () => asm(socketWide)],
  ["a ring that opens", "io-uring", () => asm(deny("openat", "open", "openat2", "creat", "open_by_handle_at"))],
  ["a ring that makes sockets", "io-uring", () => asm(deny("socket"))],
  ["a ring that connects", "io-uring", () => asm(deny("connect"))],
  ["openat2 beside openat", "another-call", () => asm(deny("open", "openat", "creat", "open_by_handle_at"))],
  ["execveat beside execve", "another-call", () => asm(deny("execve"))],
  [
    "clone3 beside clone",
    "clone3",
    () => onClone.allow("prctl", "seccomp", "clone3", "exit_group").allow("clone", arg(0).hasNone(CLONE.NEWUTS)),
  ],
  [
    "unshare beside clone",
    "unshare",
    () => onClone.allow("prctl", "seccomp", "unshare", "exit_group").allow("clone", arg(0).hasNone(CLONE.NEWUSER)),
  ],
  ["ptrace of the parent", "other-processes", () => asm(deny("mount", "process_vm_writev", "pidfd_getfd"))],
  ["process_vm_writev into the parent", "other-processes", () => asm(deny("mount", "ptrace"))],
  ["pidfd_getfd from the parent", "other-processes", () => asm(deny("mount", "ptrace", "process_vm_writev"))],
];
const found = async (id: string, made: Promise<Meaning> | Meaning): Promise<{ readonly finding: Finding; readonly meaning: Meaning }> => {
  const meaning = await made;
  const finding = audit(meaning).find((each) => each.id === id);
  if (!finding) throw new Error(`the audit has ${audit(meaning).map((each) => each.id)}, and not ${id}`);
  return { finding, meaning };
};

describe("a guest of a finding", () => {
  it.each(cases)("gets what is denied: %s", async (_, id, make) => {
    const { finding, meaning } = await found(id, make());
    const { verdict, denied, passes } = await show(finding, meaning.bpf(), meaning.diagram);
    expect(denied?.succeeded).toBeUndefined();
    expect(verdict, passes?.calls.join("\n")).toBe("open");
  });
  it("does not, where another call that it needs is denied", async () => {
    const { finding, meaning } = await found("io-uring", asm(deny("connect", "mmap")));
    const { verdict, passes } = await show(finding, meaning.bpf(), meaning.diagram);
    expect(verdict).toBe("closed");
    expect(passes?.text).toMatch(/^mmap\(.*\) = -1 EPERM .*seccomp/);
  });
  it("gets an error of the kernel, where the call that passes has one", async () => {
    const { finding, meaning } = await found("later-calls", asm(deny("mount")));
    expect(await show(finding, meaning.bpf(), meaning.diagram)).toMatchObject({
      verdict: "reached",
      passes: { text: expect.stringContaining("ENOSYS") },
    });
  });
});

/**
 * The end of a guest: SIGILL if its last call succeeded, SIGTRAP if it did not, SIGSYS if the filter killed
 * it.
 */
const natively = (bpf: Uint8Array | undefined, guest: GuestText): Promise<string | null> =>
  inFolder(async (folder) => {
    const file = join(folder, "guest");
    writeFileSync(file, guestFile(bpf, guest), { mode: 0o755 });
    return spawnSync(file, { timeout: 10_000 }).signal;
  });
const here = (made: GuestRuns["passes"]): string | null => {
  if (!made) return null;
  if (made.text.includes("killed by SIGSYS")) return "SIGSYS";
  return made.succeeded === true ? "SIGILL" : "SIGTRAP";
};
const numbered = cases.filter(([, id]) => id !== "x32-door");
describe.skipIf(missing("guests of findings natively", nativeX64))("on the kernel under us a guest", () => {
  it.each(numbered)("ends as here: %s", async (_, id, make) => {
    const { finding, meaning } = await found(id, make());
    const shown = await show(finding, meaning.bpf(), meaning.diagram);
    const escape = escapeOf(finding, meaning.diagram);
    const [denied, passes] = [escape?.denied, escape?.passes];
    const ends = {
      denied: denied ? await natively(meaning.bpf(), denied) : null,
      without: denied ? await natively(undefined, denied) : null,
      passes: passes ? await natively(meaning.bpf(), passes) : null,
    };
    expect(ends).toEqual({ denied: here(shown.denied), without: here(shown.without), passes: here(shown.passes) });
  });
});
