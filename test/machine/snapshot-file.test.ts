// Snapshots as files: equal in another process, and refused if they are damaged, foreign or need what is not
// there.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machine, Problem, Snapshot } from "trapgate";
import { hostTree } from "trapgate/node";
import { describe, expect, it } from "vitest";
import { openFile } from "../../src/machine/snapshot/file.ts";
import { missing, type Need, nativeX64, top } from "../support/host.ts";

const sh: Need = { what: "/bin/sh", met: existsSync("/bin/sh") };
const hello = readFileSync(`${top}/guest/bin/hello-syscall`);
const saved = async (): Promise<Uint8Array> => {
  const machine = new Machine({ files: { "/data": "some bytes" }, seed: 7 });
  await machine.start(hello);
  await machine.runUntil({ instructions: 2 });
  return machine.snapshot().bytes();
};
const kindOf = async (act: () => Promise<unknown>): Promise<string> => {
  try {
    await act();
    return "none";
  } catch (error) {
    if (error instanceof Problem) return error.kind;
    throw error;
  }
};

describe("a file of a snapshot", () => {
  it("continues as the machine does, and has the same bytes again", async () => {
    const bytes = await saved();
    const snapshot = await Snapshot.read(bytes);
    const run = await snapshot.run();
    expect(run.stdout.text).toBe("hello through syscall\n");
    expect(run.stats).toEqual((await Machine.run(hello, { files: { "/data": "some bytes" }, seed: 7 })).stats);
    expect(await snapshot.bytes()).toEqual(bytes);
    expect(openFile(bytes).header).toMatchObject({ moment: snapshot.moment, tasks: [[2, "program"]] });
  });
  it("is refused if it is cut off, changed, or of another build", { timeout: 60_000 }, async () => {
    const bytes = await saved();
    for (let n = 0; n < bytes.length; n += Math.ceil(bytes.length / 50))
      expect(await kindOf(() => Snapshot.read(bytes.subarray(0, n)))).toBe("bad-snapshot");
    for (let n = 0; n < bytes.length; n += Math.ceil(bytes.length / 50)) {
      const changed = bytes.slice();
      changed[n]! ^= 1 << (n % 8);
      expect(await kindOf(() => Snapshot.read(changed))).toBe("bad-snapshot");
    }
  });
});

describe.skipIf(missing("files of a shell's snapshot", nativeX64, sh))("a file of a shell's snapshot", () => {
  it("is continued in another process", { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "trapgate-test-"));
    try {
      const file = join(folder, "a.snapshot");
      const head = `
        import { readFileSync, writeFileSync } from "node:fs";
        import { Machine, Snapshot } from "${top}/src/index.ts";
        import { hostTree } from "${top}/src/node.ts";
        const root = hostTree("/");`;
      const tail = `
        const { stdout, stats } = await snapshot.run({ stdin: "x\\n" });
        console.log(JSON.stringify([stdout.text, stats]));`;
      const write = `
        const machine = new Machine({ root });
        await machine.start("/bin/sh", { args: ["-c", "read a; echo $a; od -An -N4 -tx1 /dev/urandom; ls /etc/passwd"] });
        await machine.runUntil({ idle: true });
        const snapshot = machine.snapshot();
        writeFileSync("${file}", await snapshot.bytes());`;
      const read = `
        const snapshot = await Snapshot.read(readFileSync("${file}"), { root });`;
      const [first, second] = [write, read].map((middle, n) => {
        const script = join(folder, `${n}.mts`);
        writeFileSync(script, head + middle + tail);
        const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", script], { cwd: top, encoding: "utf8" });
        expect(stderr).toBe("");
        return stdout;
      });
      expect(first).toContain("/etc/passwd");
      expect(second).toBe(first);
      // This process has the classes in another form.
      expect(await kindOf(() => Snapshot.read(readFileSync(file)))).toBe("foreign-snapshot");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  it("is refused if a file of the host has changed", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "trapgate-test-"));
    try {
      writeFileSync(join(folder, "program"), hello, { mode: 0o755 });
      const tree = hostTree(folder);
      const machine = new Machine({ mounts: [{ tree, at: "/mnt", mode: "ro" }] });
      await machine.start("/mnt/program");
      await machine.runUntil({ instructions: 2 });
      const bytes = await machine.snapshot().bytes();
      const read = (changed?: "accept") => () =>
        Snapshot.read(bytes, { mounts: { "/mnt": hostTree(folder) }, ...(changed ? { changed } : {}) });
      expect(await kindOf(read())).toBe("none");
      utimesSync(join(folder, "program"), 1, 1);
      expect(await kindOf(read())).toBe("changed-files");
      expect(await kindOf(read("accept"))).toBe("none");
      rmSync(join(folder, "program"));
      expect(await kindOf(read("accept"))).toBe("changed-files");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
