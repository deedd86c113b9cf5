// A program that is started once and continued in many tests (trapgate/vitest).
import { existsSync } from "node:fs";
import { Problem } from "trapgate";
import { hostTree } from "trapgate/node";
import { prepared } from "trapgate/vitest";
import { describe, expect, it } from "vitest";
import { missing, type Need, nativeX64 } from "../support/host.ts";

const sh: Need = { what: "/bin/sh", met: existsSync("/bin/sh") };
const python: Need = { what: "python3", met: existsSync("/usr/bin/python3") };
const tree = hostTree("/");

describe.skipIf(missing("a prepared shell", nativeX64, sh))("a prepared shell", () => {
  const shell = prepared(tree, "/bin/sh", { args: ["-s"], input: "n=0; add() { n=$((n + $1)); }\nadd 5\n", hostname: "prepared" });
  it.each([1, 2, 3])("adds %d to what it has", { timeout: 60_000 }, async (more) => {
    const run = await shell.run({ stdin: `add ${more}; echo $n; uname -n; exit ${more}` });
    expect(run.stdout.text).toBe(`${5 + more}\nprepared\n`);
    expect(run).toExitWith(more);
  });
  it("keeps nothing of a test, and tests run at once", { timeout: 60_000 }, async () => {
    const write = shell.run({ stdin: "echo x > /tmp/trapgate-prepared; cat /tmp/trapgate-prepared" });
    const read = shell.run({ stdin: "cat /tmp/trapgate-prepared || echo none" });
    expect((await write).stdout.text).toBe("x\n");
    expect((await read).stdout.text).toBe("none\n");
    expect((await shell.run({ stdin: "cat /script", files: { "/script": "a script\n" } })).stdout.text).toBe("a script\n");
    expect((await shell.run({ stdin: "cat /script || echo none" })).stdout.text).toBe("none\n");
  });
  it("gives a run up after its time", { timeout: 60_000 }, async () => {
    const { status } = await shell.run({ stdin: "while :; do :; done", timeout: 0.2 });
    expect(status).toEqual({ timeout: 0.2 });
    expect((await shell.run({ stdin: "echo $n" })).stdout.text).toBe("5\n");
  });
});

describe.skipIf(missing("a prepared python", nativeX64, python))("a prepared python", () => {
  const program = prepared(tree, "/usr/bin/python3", { args: ["-c", "import sys, json; exec(sys.stdin.read())"] });
  it.each(["1", '{"a": [1, 2]}', "null"])("reads %s as JSON", { timeout: 120_000 }, async (text) => {
    const { stdout } = await program.run({ stdin: `print(json.dumps(json.loads('${text}')))` });
    expect(stdout.text).toBe(`${text}\n`);
  });
});

it("says that the program did not come to the moment", { timeout: 60_000 }, async () => {
  const never = prepared(undefined, "/none");
  await expect(never.run()).rejects.toThrow(Problem);
});
