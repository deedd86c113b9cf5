// Policies that ask for endless work, memory or stack: each ends with an answer or a Problem, within its
// limits.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "trapgate";
import { explainRoot, readPolicy, WorkBudget } from "trapgate/policy";
import { encodeProgram, type Insn, Nodes, stmt } from "trapgate/seccomp";
import { describe, expect, it } from "vitest";
import { guestPath, trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";

const times = (count: number, text: (i: number) => string, between = ""): string =>
  Array.from({ length: count }, (_, i) => text(i)).join(between);
/** The same numbers in each run. */
const random = (seed: number) => () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 1;

const uses = (levels: number): string =>
  `POLICY p0 { ALLOW { read } }\n${times(levels, (i) => `POLICY p${i + 1} { USE p${i}, USE p${i} }\n`)}USE p${levels} DEFAULT KILL\n`;
const alternatives = (count: number): string => {
  const next = random(1);
  return `read: 1\nmmap: ${times(count, () => `arg0 & ${next() | 1} && arg1 in ${next()} && arg2 > ${next()}`, " || ")}\n`;
};
const aliases = `kind: SeccompProfile\nspec:\n  a0: &a0 [x, x]\n${times(11, (i) => `  a${i + 1}: &a${i + 1} [${times(9, () => `*a${i}`, ", ")}]\n`)}`;
const filter = (): Uint8Array => {
  const next = random(7);
  const codes = [0x04, 0x14, 0x44, 0x54, 0xa4, 0x0c, 0x1c, 0x4c, 0x5c, 0xac];
  const program = Array.from({ length: 4080 }, (_, i): Insn => {
    const kind = next() % 10;
    if (kind < 3) return stmt(0x20, (next() % 16) * 4);
    if (kind < 6) return stmt(codes[next() % codes.length] as number, next());
    if (kind < 7) return stmt(0x07);
    return {
      code: [0x15, 0x25, 0x35, 0x45][next() % 4] as number,
      jt: next() % Math.min(200, 4080 - i),
      jf: next() % Math.min(200, 4080 - i),
      k: next(),
    };
  });
  return encodeProgram([...program, stmt(6, 0x7fff0000)]);
};

/** The text, and the message; undefined: it is read. */
const texts: Readonly<Record<string, readonly [text: string | Uint8Array, message?: RegExp]>> = {
  "USE that doubles, 40 levels": [uses(40)],
  "a chain of USE": [`POLICY p0 { ALLOW { read } }\n${times(20_000, (i) => `POLICY p${i + 1} { USE p${i} }\n`)}USE p20000 DEFAULT KILL\n`],
  "parentheses of kafel": [
    `ALLOW { read { ${"(".repeat(50_000)}fd == 1${")".repeat(50_000)} } } DEFAULT KILL\n`,
    /nested more than 200 deep/,
  ],
  "negations of kafel": [`ALLOW { read { ${"!".repeat(50_000)}(fd == 1) } } DEFAULT KILL\n`, /nested more than 200 deep/],
  "parentheses of minijail": [`read: 1\nmmap: arg0 == ${"(".repeat(50_000)}1${")".repeat(50_000)}\n`, /nested more than 200 deep/],
  "parentheses of C": [
    `struct sock_filter f[] = { BPF_STMT(6, ${"(".repeat(50_000)}1${")".repeat(50_000)}) };`,
    /nested more than 200 deep/,
  ],
  "aliases of aliases": [aliases, /this is no YAML: Excessive alias count/],
  "an alias within its anchor": ["kind: SeccompProfile\nspec: &a\n  defaultAction: SCMP_ACT_ALLOW\n  x: *a\n", /nested more than 200 deep/],
  "brackets of YAML": [`kind: SeccompProfile\nspec: ${"[".repeat(100_000)}\n`, /:2:207: this is nested more than 200 deep/],
  "colons of YAML": [`kind: SeccompProfile\nspec: {a, ${"b: ".repeat(100_000)}}\n`, /:2:(?:\d+): this is nested more than 200 deep/],
  "indicators of YAML": [`kind: SeccompProfile\nspec:\n${"- ".repeat(100_000)}\n`, /:3:401: this is nested more than 200 deep/],
  "a long line of YAML": [
    `kind: SeccompProfile\nspec: {defaultAction: SCMP_ACT_ALLOW, syscalls: [${times(500, () => "{names: [read], action: SCMP_ACT_ERRNO}", ", ")}], x: "${"[".repeat(300)}"}\n`,
  ],
  "methods of TypeScript": [
    `import { policy } from "trapgate/policy";\nexport const s = policy({ default: errno("EPERM") })${'.allow("clone").allow("write", "getpid")'.repeat(5000)}"x";\n`,
    /here the module must end/,
  ],
  "unknown groups of systemd": [`[Service]\nSystemCallFilter=${times(60_000, (i) => `@g${i}`, " ")}\n`],
  "known groups of systemd": [`[Service]\n${"SystemCallFilter=@system-service\n".repeat(20_000)}`],
  "blanks of systemd": [`[Service]\nSystemCallFilter=${" ".repeat(600_000)}read\n`],
  "unknown names of JSON": [
    `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[${times(60_000, (i) => `"zz${i}"`, ",")}],"action":"SCMP_ACT_ERRNO"}]}`,
  ],
  "openings of all kinds": [`${"USE a ".repeat(50_000)}${"char a[".repeat(50_000)}${"/*".repeat(100_000)}{${",".repeat(200_000)}`, /./],
  "escapes of hex": [`"${"\\x41".repeat(150_000)}`, /./],
  "blanks of filter text": [`A = a${" ".repeat(300_000)}`, /./],
  "random instructions": [filter()],
};
const bytesOf = (text: string | Uint8Array): Uint8Array => (typeof text === "string" ? new TextEncoder().encode(text) : text);

describe("a hostile policy", () => {
  it.each(Object.entries(texts))("%s", { timeout: 60_000 }, async (_, [text, message]) => {
    const began = process.cpuUsage();
    const budget = new WorkBudget({ seconds: 40, bytes: 2 ** 28, subject: "the policy" });
    const read = readPolicy("policy", bytesOf(text), { budget }, new Nodes(budget)).then(({ diagram }) => {
      const { nodes, root } = diagram.effects();
      return explainRoot(nodes, root).calls.length;
    });
    if (message) {
      const error = await read.catch((problem: unknown) => problem);
      expect(error).toBeInstanceOf(Problem);
      expect((error as Problem).message).toMatch(message);
    } else expect(await read).toBeGreaterThan(300);
    const { user } = process.cpuUsage(began);
    expect(user / 1e6).toBeLessThan(8);
  });
  it("ends at its memory, with the place and what was read", async () => {
    const budget = new WorkBudget({ bytes: 2 ** 22, subject: "the policy" });
    const error = await readPolicy("mail", bytesOf(alternatives(25)), { budget }).catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(Problem);
    expect(error).toMatchObject({ kind: "memory-limit", help: "the 1 rules before this one are read", span: { line: 2 } });
    expect((error as Problem).message).toMatch(/the policy is too large: \d+ nodes, and more than 4 MB of memory/);
  });
  it("ends at its time", async () => {
    const began = performance.now();
    const budget = new WorkBudget({ seconds: 0.2, subject: "the policy" });
    const nodes = new Nodes(budget);
    const read = readPolicy("mail", bytesOf(alternatives(25)), { budget }, nodes).then(({ diagram }) => explainRoot(nodes, diagram.root));
    await expect(read).rejects.toMatchObject({ kind: "time-limit" });
    expect(performance.now() - began).toBeLessThan(10_000);
  });
  it("has no long line in its message", async () => {
    const error = (await readPolicy("k", bytesOf(`read { ${"a".repeat(100_000)} }`), { format: "kafel" }).catch(
      (problem: unknown) => problem,
    )) as Problem;
    expect(error.message.length).toBeLessThan(600);
    const late = await readPolicy("m", bytesOf(`read: 1\nmmap: ${"arg0 == 1 || ".repeat(5000)} arg9 == 1\n`)).catch(
      (problem: unknown) => problem,
    );
    const [, line = "", carets = ""] = (late as Problem).message.split("\n");
    expect(line.slice(carets.indexOf("^"), carets.lastIndexOf("^") + 1)).toBe("arg9");
  });
  it("ends by an aborted signal", async () => {
    const reason = new Error("enough");
    const budget = new WorkBudget({ signal: AbortSignal.abort(reason) });
    await expect(readPolicy("p", bytesOf("read: 1\n"), { budget })).rejects.toBe(reason);
  });
});

describe("--timeout and --memory", { timeout: 120_000 }, () => {
  it("hold while run reads its policy, and seccomp commands have limits of their own", () =>
    inFolder(async (folder) => {
      const file = join(folder, "policy");
      writeFileSync(file, alternatives(25));
      const limited = trapgate(["run", "--timeout", "1", "--memory", "64M", "--policy", file, guestPath("hello-syscall")]);
      expect(limited.stderr).toMatch(/the policy (is too large|was not read and answered within 1 s)[\s\S]*\[TG090[45]\]/);
      expect([124, 125]).toContain(limited.status);
      const explained = trapgate(["seccomp", "explain", "--timeout", "0.5", file]);
      // A fast host has read the rule by then, and has no place.
      expect([explained.status, explained.stderr]).toEqual([
        124,
        expect.stringMatching(
          /policy(?::2:7)?: .*within 0\.5 s .*\[TG0904\]|the policy was not read and answered within 0\.5 s \[TG0904\]/,
        ),
      ]);
      const small = trapgate(["seccomp", "explain", "--memory", "2M", file]);
      expect([small.status, small.stderr]).toEqual([125, expect.stringMatching(/too large: \d+ nodes, and more than 2 MB of memory/)]);
      writeFileSync(file, uses(40));
      expect(trapgate(["run", "--timeout", "20", "--memory", "64M", "--policy", file, guestPath("hello-syscall")]).stderr).not.toContain(
        "internal error",
      );
    }));
});
