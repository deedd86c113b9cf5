// Starts in the memory of a process: Machine.run goes on where the start of an earlier, equal run has ended.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeTree } from "../../src/host/node-tree.ts";
import { CodeMemory, Machine, type MachineOptions, type ProgramOptions, type Run } from "../../src/index.ts";
import { setTreeMemory, type TreeMemory, treeMemoryOf } from "../../src/machine/starts/tree-memory.ts";
import { emptyFolder } from "../support/guest.ts";
import { top } from "../support/host.ts";

const folder = join(top, ".cache", `memory-starts-${process.pid}`);
/** Some five million instructions. */
const LOOP = "i=0; while [ $i -lt 500 ]; do i=$((i+1)); done";
const DENY = "A = sys_number\nA == mkdir ? dead : ok\nok: return ALLOW\ndead: return ERRNO(1)\n";

/** Runs of /bin/sh with one CodeMemory, and how many of them ran their start. */
class Shell {
  starts = 0;
  readonly #code = new CodeMemory();
  readonly #root = nodeTree("/");
  constructor() {
    const noting = treeMemoryOf(this.#root) as TreeMemory;
    setTreeMemory(this.#root, {
      ...noting,
      noted: () => {
        this.starts++;
        return noting.noted();
      },
    });
  }
  run(script: string, options: MachineOptions & ProgramOptions = {}): Promise<Run> {
    return Machine.run("/bin/sh", { root: this.#root, code: this.#code, args: ["-c", script], ...options });
  }
}
const seen = ({ status, stdout, stderr, stats, denials, kernelLog }: Run) => ({
  status,
  stdout: stdout.text,
  stderr: stderr.text,
  stats,
  denials: denials.map(({ name, byPolicy }) => [name, byPolicy]),
  kernelLog,
});

describe("the start of a run of the library", () => {
  beforeAll(async () => {
    emptyFolder(folder);
    mkdirSync(folder, { recursive: true });
    for (const name of ["one", "two"]) writeFileSync(join(folder, name), "before\n");
    // A file that has just changed does not vouch for its content.
    await new Promise((resolve) => setTimeout(resolve, 2100));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is not run twice: nothing differs but the time of the host", async () => {
    const shell = new Shell();
    const script = `${LOOP}; cat /proc/uptime; date +%s.%N; head -c 8 /dev/urandom | od -x; echo $$ >&2; exit 3`;
    const whole = seen(await shell.run(script, { code: "off" }));
    expect(shell.starts).toBe(0);
    const bytes: string[] = [];
    const hooks = { stdout: (some: Uint8Array) => void bytes.push(new TextDecoder().decode(some)) };
    for (let n = 0; n < 3; n++) expect(seen(await shell.run(script, { hooks }))).toEqual(whole);
    expect(bytes.join("")).toBe(whole.stdout.repeat(3));
    expect(shell.starts).toBe(1);
    expect(seen(await shell.run(script, { seed: 1 })).stdout).not.toBe(whole.stdout);
    expect(shell.starts).toBe(2);
  });
  it("goes on in several machines at once", async () => {
    const shell = new Shell();
    const script = `${LOOP}; echo a; ${LOOP}; date +%N`;
    const first = seen(await shell.run(script));
    const all = await Promise.all([shell.run(script), shell.run(script), shell.run(script)]);
    expect(all.map(seen)).toEqual([first, first, first]);
    expect(shell.starts).toBe(1);
  });
  it("is the whole run of a program without output", async () => {
    const shell = new Shell();
    const script = `${LOOP}; mkdir /new; exit 3`;
    const whole = seen(await shell.run(script, { code: "off" }));
    expect(whole.status).toEqual({ exit: 3 });
    for (let n = 0; n < 3; n++) expect(seen(await shell.run(script))).toEqual(whole);
    expect(shell.starts).toBe(1);
  });
  it("depends on input, files, the policy and the limit of output", async () => {
    const shell = new Shell();
    const script = `${LOOP}; cat - /file; mkdir /new`;
    const options = [
      { stdin: "x", files: { "/file": "y" } },
      { stdin: "z", files: { "/file": "y" } },
      { stdin: "x", files: { "/file": "z" } },
      { stdin: "x", files: { "/file": "y" }, policy: DENY },
      { stdin: "x", files: { "/file": "y" }, maxOutput: 1 },
    ];
    for (const each of options) {
      const whole = seen(await shell.run(script, { ...each, code: "off" }));
      expect(seen(await shell.run(script, each))).toEqual(whole);
      expect(seen(await shell.run(script, each))).toEqual(whole);
    }
    expect(shell.starts).toBe(options.length);
    expect((await shell.run(script, options[3])).denials).toMatchObject([{ name: "mkdir", byPolicy: true }]);
  });
  it("is run again after a change of a file that it has read", async () => {
    const shell = new Shell();
    const script = `read l < ${folder}/one; [ -e ${folder}/new ]; r=$?; ${LOOP}; echo $l $r`;
    for (let n = 0; n < 2; n++) expect((await shell.run(script)).stdout.text).toBe("before 1\n");
    expect(shell.starts).toBe(1);
    writeFileSync(join(folder, "one"), "after\n");
    expect((await shell.run(script)).stdout.text).toBe("after 1\n");
    writeFileSync(join(folder, "new"), "");
    expect((await shell.run(script)).stdout.text).toBe("after 0\n");
  });
  it("is not kept if it has a denial, an observer or the host's time", async () => {
    const shell = new Shell();
    const script = `mkdir /new; ${LOOP}; echo $?`;
    for (let n = 0; n < 2; n++) {
      expect((await shell.run(script, { policy: DENY })).denials).toMatchObject([{ name: "mkdir", byPolicy: true }]);
      expect((await shell.run(script, { trace: true })).trace.length).toBeGreaterThan(5);
      await shell.run(script, { clock: "now" });
    }
    expect(shell.starts).toBe(2);
  });
});
