// The audit: the catalogue's weak filters have their findings, the mended ones have not; hand-made shapes; exactness.
import { existsSync, readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { AF, arg, audit, CLONE, errno, type Finding, policy, readPolicy, sarif } from "trapgate/policy";
import { describe, expect, it } from "vitest";
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
const findingsOf = async (mine: Landmine, variant: Variant): Promise<readonly Finding[] | undefined> => {
  const filters = await filtersOf(mine, variant);
  if (!filters) return undefined;
  return (await Promise.all(filters.map(async (each) => audit(await readPolicy("f", each, { format: "raw" }))))).flat();
};

/** Rows whose weakness lies in the filter itself, with the finding; `stays`: the mended one differs elsewhere. */
const rows: readonly (readonly [mine: string, id: string, stays?: true])[] = [
  ["A1", "i386-door"],
  ["A2", "i386-door"],
  ["A3", "i386-door"],
  ["A4", "i386-door"],
  ["A6", "x32-door"],
  ["A9", "instruction-pointer"],
  ["A12", "i386-door"],
  ["B1", "narrow-as-wide"],
  ["B2", "wide-as-narrow"],
  ["B4", "i386-upper-half"],
  ["B5", "multiplexer"],
  ["B7", "time64"],
  ["B10", "notify-pointer", true],
  ["C1", "later-calls"],
  ["C2", "clone3-errno"],
  ["C3", "errno-0"],
  ["C5", "kill-thread"],
  ["E8", "multiplexer"],
  ["E9", "another-call"],
];

describe("audit", () => {
  it.each(rows)("%s: the weak filter has %s, the mended one has not", async (row, id, stays) => {
    const mine = catalogue.find((each) => each.id === row) as Landmine;
    expect(ids((await findingsOf(mine, "weak")) ?? [])).toContain(id);
    const fixed = await findingsOf(mine, "fixed");
    if (fixed && !stays) expect(ids(fixed)).not.toContain(id);
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
