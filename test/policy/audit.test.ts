// The audit: the catalogue's weak filters have their findings, the mended ones have not; hand-made shapes;
// exactness.
import { existsSync, readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { AF, arg, audit, CLONE, errno, type Finding, policy, readPolicy, sarif } from "trapgate/policy";
import { describe, expect, it } from "vitest";
import { show } from "../../src/cli/seccomp/escape/show.ts";
import { catalogue } from "../../src/landmines/catalogue/index.ts";
import { guestFile, type Landmine, type Variant } from "../../src/landmines/catalogue/landmine.ts";
import { guestPath } from "../support/cli.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const auditText = async (text: string, name = "f"): Promise<readonly Finding[]> => audit(await readPolicy(name, bytes(text)));
const ids = (findings: readonly Finding[]): readonly string[] => findings.map(({ id }) => id);

/** The filters that a guest of the catalogue attaches. */
const filtersOf = async (mine: Landmine, variant: Variant): Promise<readonly Uint8Array[] | undefined> => {
  const file = guestPath(guestFile(mine, "upstream", variant));
  if (!existsSync(file)) return undefined;
  const filters: Uint8Array[] = [];
  await Machine.run(readFileSync(file), { timeout: 30, hooks: { filter: ({ program }) => void filters.push(program) } });
  return filters;
};
/** Rows whose weakness lies in the filter itself, with the finding. */
const rows: readonly (readonly [mine: string, id: string])[] = [
  ["A1", "i386-door"],
  ["A2", "i386-door"],
  ["A3", "i386-door"],
  ["A4", "i386-door"],
  ["A6", "x32-door"],
  ["A9", "instruction-pointer"],
  ["A12", "i386-door"],
  ["B1", "narrow-as-wide"],
  ["B2", "wide-as-narrow"],
  ["B3", "sign-extended"],
  ["B4", "i386-upper-half"],
  ["B5", "multiplexer"],
  ["B7", "time64"],
  ["B10", "notify-pointer"],
  ["C1", "later-calls"],
  ["C2", "clone3-errno"],
  ["C3", "errno-0"],
  ["C5", "kill-thread"],
  ["C6", "kill-thread"],
  ["E8", "multiplexer"],
  ["E9", "another-call"],
  ["E15", "io-uring"],
  ["E16", "io-uring"],
];
/** Findings that are no way past the filter: nothing is run for them. */
const withoutEscape = new Set(["clone3-errno", "errno-0", "kill-thread", "notify-pointer"]);
/** A kernel without the later call answers itself. */
const ofKernel = new Set(["later-calls"]);

describe("audit", () => {
  it.each(rows)("%s: the weak filter has %s, whose guest gets through; the mended one has not", async (row, id) => {
    const mine = catalogue.find((each) => each.id === row) as Landmine;
    for (const filter of (await filtersOf(mine, "weak")) ?? []) {
      const weak = await readPolicy("f", filter, { format: "raw" });
      const finding = audit(weak).find((each) => each.id === id) as Finding;
      expect(finding, row).toBeDefined();
      const { verdict } = await show(finding, filter, weak.diagram);
      expect(verdict).toBe(withoutEscape.has(id) ? undefined : ofKernel.has(id) ? "reached" : "open");
    }
    // The mended B10 has the same filter, and a listener that makes the call itself.
    const known = row === "B10" ? ({ listener: "answers" } as const) : {};
    for (const filter of (await filtersOf(mine, "fixed")) ?? [])
      expect(ids(audit(await readPolicy("f", filter, { format: "raw" }), known))).not.toContain(id);
  });

  it("finds nothing grave in a policy in TypeScript that lists what is allowed", () => {
    const sandbox = policy({ default: errno("ENOSYS") })
      .allow("read", "write", "exit_group", "openat", "close", "execve")
      .allow("socket", arg(0).in(AF.UNIX, AF.INET))
      .allow("clone", arg(0).hasNone(CLONE.NAMESPACES));
    expect(audit(sandbox).filter(({ severity }) => severity !== "info")).toEqual([]);
  });
  it("finds the missing guards of hand-made sandboxes", async () => {
    const ptraceOnly = `A = arch\nA == ARCH_X86_64 ? next : kill\nA = sys_number\nA == ptrace ? deny : ok
ok: return ALLOW\nkill: return KILL_PROCESS\ndeny: return ERRNO(EPERM)`;
    expect(ids(await auditText(ptraceOnly))).toEqual(["x32-door", "another-call", "later-calls"]);
    const unixBlock = `A = arch\nA == ARCH_X86_64 ? a : ok\na: A = sys_number\nA == socket ? b : ok\nb: A = args[0]\nA == 1 ? deny : ok
ok: return ALLOW\ndeny: return ERRNO(EPERM)`;
    const findings = await auditText(unixBlock);
    expect(ids(findings)).toEqual(["i386-door", "x32-door", "io-uring", "other-processes", "later-calls"]);
    expect(findings[0]).toMatchObject({
      passes: { call: "i386.socket(1, 1)", verdict: "ALLOW" },
      denied: { call: "socket(1, 1)", verdict: "ERRNO(EPERM)" },
    });
  });
  it("is exact: an allow-list that compares an int in 64 bits only denies more", async () => {
    const wide = policy({ default: errno("ENOSYS") }).allow("socket", arg(0).wide.eq(AF.UNIX));
    expect(ids(audit(wide))).not.toContain("narrow-as-wide");
    const denyWide = policy({ default: errno("ENOSYS") })
      .on(errno("EPERM"), "socket", arg(0).wide.eq(AF.ALG))
      .allow("socket");
    expect(audit(denyWide)[0]).toMatchObject({ id: "narrow-as-wide", calls: ["socket (arg0)"], passes: { verdict: "ALLOW" } });
  });
  it("sees clone3 and unshare beside a restricted clone", () => {
    const open = policy({ default: errno("ENOSYS") })
      .allow("clone", arg(0).hasNone(CLONE.NAMESPACES))
      .allow("clone3", "unshare");
    expect(ids(audit(open))).toEqual(expect.arrayContaining(["clone3", "unshare"]));
    const eperm = policy({ default: errno("ENOSYS") })
      .allow("clone")
      .on(errno("EPERM"), "clone3");
    expect(ids(audit(eperm))).toContain("clone3-errno");
  });
  it("knows calls that the kernel and the library make for a program", async () => {
    const sleeps = policy({ default: errno("ENOSYS") }).allow("nanosleep", "rt_sigaction", "exit_group");
    expect(audit(sleeps)).toMatchObject([
      { id: "hidden-call", title: "restart_syscall is denied, and nanosleep passes", denied: { call: "restart_syscall()" } },
      { id: "hidden-call", calls: ["rt_sigreturn"] },
    ]);
    expect(audit(sleeps.allow("restart_syscall", "rt_sigreturn"))).toEqual([]);
  });
  it("sees a negative int that is denied sign-extended only, and not an allow-list of 64 bits", async () => {
    const text = `A = arch\nA == ARCH_X86_64 ? next : kill\nA = sys_number\nA >= 0x40000000 ? kill : next\nA == openat ? next : ok
A = args[0] >> 32\nA == 0xffffffff ? next : ok\nA = args[0]\nA == -100 ? kill : ok\nok: return ALLOW\nkill: return KILL_PROCESS`;
    const found = (await auditText(text)).find(({ id }) => id === "sign-extended");
    expect(found).toMatchObject({ passes: { call: "openat(0xffffff9c)" } });
    const listed = policy({ default: errno("ENOSYS") }).allow("personality", arg(0).wide.in(0, 8, 0xffff_ffff));
    expect(ids(audit(listed))).toEqual([]);
  });
  it("proves rules and instructions to be without effect, with their lines", async () => {
    const profile = `{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
  { "names": ["read", "raed"], "action": "SCMP_ACT_ALLOW" },
  { "names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 1, "op": "SCMP_CMP_EQ" }] }] }`;
    const findings = await auditText(profile, "p.json");
    expect(findings.find(({ id }) => id === "no-effect")).toMatchObject({ line: 3, calls: ["read"] });
    expect(findings.find(({ id }) => id === "reader")?.title).toContain('there is no system call "raed"');
    const dead = await auditText(
      "A = sys_number\nA > 5 ? no : next\nA == 9 ? trap : ok\nok: return ALLOW\nno: return ERRNO(38)\ntrap: return TRAP",
    );
    expect(dead.filter(({ id }) => id === "dead-instruction")).toMatchObject([{ line: 6, title: "no call reaches instruction 5" }]);
  });
  it("is written as SARIF", async () => {
    const log = sarif(await auditText("A = sys_number\nA == mount ? no : ok\nok: return ALLOW\nno: return ERRNO(1)"), "a/b.asm") as {
      runs: { results: { ruleId: string; level: string; locations: unknown[] }[]; tool: { driver: { rules: { id: string }[] } } }[];
    };
    const [run] = log.runs;
    expect(run?.results[0]).toMatchObject({ ruleId: "i386-door", ruleIndex: 0, level: "error" });
    expect(run?.results[0]?.locations).toEqual([{ physicalLocation: { artifactLocation: { uri: "a/b.asm" }, region: { startLine: 1 } } }]);
  });
});
