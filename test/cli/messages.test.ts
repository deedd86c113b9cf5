// Messages: a code for each kind, in text, JSON and colour, and its explanation.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "trapgate";
import { describe, expect, it } from "vitest";
import { type ProblemKind, problemGroups, problemRow, problemTable } from "../../src/problem-table.ts";
import { messagesPage } from "../../tools/messages.ts";
import { guestPath, trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { missing, top } from "../support/host.ts";

const kinds = Object.keys(problemTable) as ProblemKind[];
const hello = guestPath("hello-syscall");
const script = { what: "script(1) of util-linux", met: spawnSync("script", ["--version"], { stdio: "ignore" }).status === 0 };

/** The arguments of an example, with files in place of PROG and FILTER. */
const example = (kind: ProblemKind, folder: string): readonly string[] => {
  const filter = join(folder, "filter");
  writeFileSync(filter, "return ALLOW\n");
  return (problemRow(kind).example ?? []).map((word) => (word === "PROG" ? hello : word === "FILTER" ? filter : word));
};

describe("the table of problems", () => {
  it("has a code of its own for each kind, in order, and a group for each code", () => {
    const codes = kinds.map((kind) => problemTable[kind].code as string);
    expect(codes).toEqual([...new Set(codes)].sort());
    for (const code of codes) expect(problemGroups).toHaveProperty(code.slice(2, 4));
  });
  it("has no kind that nothing throws", () => {
    const src = join(top, "src");
    const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter(
      (f) => f.endsWith(".ts") && !/generated|problem-table/.test(f),
    );
    const text = files.map((file) => readFileSync(join(src, file), "utf8")).join("\n");
    expect(kinds.filter((kind) => !text.includes(`"${kind}"`))).toEqual([]);
  });
  it("is what docs/reference/messages.md has (npm run docs)", () => {
    expect(readFileSync(join(top, "docs/reference/messages.md"), "utf8")).toBe(messagesPage());
  });
});

describe("a message on the command line", { timeout: 120_000 }, () => {
  it.each(kinds.filter((kind) => problemRow(kind).example))("of the kind %s is that of its example", (kind) =>
    inFolder(async (folder) => {
      const { code, status = 125 } = problemRow(kind);
      const run = trapgate(example(kind, folder));
      expect(run.stderr).toMatch(new RegExp(`^trapgate: .+ \\[${code}\\]\n`));
      expect(run.status).toBe(status);
    }),
  );
  it("is one line of JSON after --json, with the same parts", () => {
    const { status, stdout, stderr } = trapgate(["--json", "run", "--kernal", "v6", hello]);
    expect([status, stdout]).toEqual([125, ""]);
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: "TG0102",
        kind: "unknown-option",
        sentence: "unknown option '--kernal'",
        help: "did you mean --kernel?",
        docs: "docs/reference/messages.md#tg0102",
      },
    });
  });
  it("is JSON too if the command's own --json stands before the program", () =>
    inFolder(async (folder) => {
      const file = join(folder, "p.json");
      writeFileSync(file, '{"defaultAction": "SCMP_ACT_ALOW", "syscalls": []}\n');
      const { status, stderr } = trapgate(["seccomp", "diff", "--json", file, file]);
      expect(status).toBe(2);
      expect(JSON.parse(stderr).error).toMatchObject({
        code: "TG0402",
        help: "did you mean SCMP_ACT_ALLOW?",
        span: { line: 1, column: 19 },
      });
      expect(trapgate(["explore", "--json", "--never", "opnat", hello]).stderr).toMatch(/^\{"error"/);
      expect(trapgate(["run", "/no/such/program", "--json"]).stderr).toMatch(/^trapgate: /);
    }));
  it("names the help of its command if nothing is nearer", () => {
    expect(trapgate(["seccomp", "diff", "one"]).stderr).toMatch(/\(see trapgate seccomp diff --help\) \[TG0106\]\n$/);
    expect(trapgate(["models", "a", "b"]).stderr).toMatch(/\(see trapgate models --help\) \[TG0107\]\n$/);
    expect(trapgate(["run", "--kernel", hello]).stderr).toContain(`("${hello}" is the value of --kernel)`);
    expect(trapgate(["run", "--timeout", "-1", hello]).stderr).toContain("--timeout=VALUE");
    expect(trapgate(["run", "--cwd", "/nonexistent", hello]).stderr).toContain(
      "the working directory /nonexistent does not exist in the guest",
    );
  });
  it("is explained by its code, in any case", () => {
    expect(trapgate(["explain", "tg0301"]).stdout).toMatch(/^TG0301: program or file not found\n\nWithout `--root`/);
    expect(trapgate(["explain", "TG0399"]).stderr).toMatch(/^trapgate: no message has the code TG0399 .*\[TG0105\]/);
  });
  describe.skipIf(missing("colours of a terminal", script))("on a terminal", () => {
    const typed = (environment: string): string =>
      spawnSync("script", ["-qec", `${environment} node bin/trapgate.js rnu`, "/dev/null"], { cwd: top, encoding: "utf8" }).stdout;
    it("has colours, unless NO_COLOR or TERM=dumb says otherwise", () => {
      expect(typed("env -u NO_COLOR TERM=xterm")).toContain("\u001b[31mtrapgate:");
      expect(typed("NO_COLOR=1 TERM=xterm")).toMatch(/^trapgate: there is no command "rnu" \(did you mean run\?\) \[TG0101\]\r\n/);
      expect(typed("env -u NO_COLOR TERM=dumb")).toMatch(/^trapgate: /);
    });
  });
});

describe("a Problem", () => {
  it("has place, sentence, help, code and caret in its message", () => {
    const span = { source: "p.json", line: 3, column: 5, length: 4, text: '  "ALOW"' };
    const problem = new Problem("policy-value", "there is no action", { span, help: "did you mean ALLOW?" });
    expect(problem.message).toBe('p.json:3:5: there is no action (did you mean ALLOW?) [TG0402]\n    3 |   "ALOW"\n      |     ^^^^');
    expect(problem).toMatchObject({ kind: "policy-value", code: "TG0402", sentence: "there is no action" });
    expect(new Problem("usage", "no").message).toBe("no [TG0100]");
  });
});
