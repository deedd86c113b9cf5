// Snapshots as files: equal in another process, and refused if they are damaged, foreign or need what is not
// there.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machine, Problem, Snapshot } from "trapgate";
import { hostTree } from "trapgate/node";
import { describe, expect, it } from "vitest";
import { at } from "../../src/cpu/machine/state.ts";
import { Machine as EmulatorMachine } from "../../src/machine/machine.ts";
import { inflated, openFile, wholeFile, writeFile } from "../../src/machine/snapshot/file/file.ts";
import type { Item } from "../../src/machine/snapshot/graph.ts";
import { Live } from "../../src/machine/snapshot/live.ts";
import type { SavedState } from "../../src/machine/snapshot/snapshot.ts";
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

/** A file that a forger made: the objects and pages of a machine, changed, with a right checksum. */
const forged = async (change: (items: Item[], pages: SavedState["pages"]) => void): Promise<Uint8Array> => {
  const live = new Live(new EmulatorMachine({}), readFileSync(`${top}/guest/bin/c6`), {});
  live.step(20_000);
  const { graph, pages, ...others } = live.save();
  const items = graph.items.map((item) => (item.kind === "object" ? { ...item, template: { ...item.template } } : item));
  const copy = { ...pages, numbers: pages.numbers.slice(), refs: pages.refs.slice(), next: pages.next.slice() };
  change(items, copy);
  return writeFile({ ...others, graph: { ...graph, items }, pages: copy }, live.moment, {}, live.tasks);
};
type ObjectItem = Extract<Item, { kind: "object" }>;
const of = (items: readonly Item[], name: string): ObjectItem =>
  items.find((item): item is ObjectItem => item.kind === "object" && item.name.endsWith(`:${name}`)) as ObjectItem;
const set = (items: readonly Item[], name: string, field: string, value: unknown): void => {
  of(items, name).template[field] = value;
};
const refer = (items: Item[], name: string, field: string, to: Item): void => {
  const item = of(items, name);
  const refs = [...item.refs];
  refs[item.keys.indexOf(field)] = items.indexOf(to);
  items[items.indexOf(item)] = { ...item, refs };
};

describe("a file of a forger is refused:", () => {
  it("none is, unchanged", async () => {
    const bytes = await forged(() => undefined);
    const { status } = await (await Snapshot.read(bytes)).run();
    expect(status).toEqual((await Machine.run(readFileSync(`${top}/guest/bin/c6`))).status);
  });
  it.each<[string, (items: Item[], pages: SavedState["pages"]) => void]>([
    ["a number that is a text", (items) => set(items, "Kernel", "now", "1")],
    ["a number that is none", (items) => set(items, "Kernel", "syscalls", Number.NaN)],
    ["a time beyond all runs", (items) => set(items, "Kernel", "now", 2 ** 53 - 1)],
    ["a field that hides a method", (items) => set(items, "Kernel", "printk", 1)],
    ["an object of another class", (items) => refer(items, "Process", "leader", of(items, "Kernel"))],
    [
      "parents in a circle",
      (items) => {
        const dentries = items.filter((item): item is ObjectItem => item.kind === "object" && item.name.endsWith(":Dentry"));
        const parentOf = (item: ObjectItem) => items[item.refs[item.keys.indexOf("parent")] as number] as ObjectItem;
        const child = dentries.find((item) => parentOf(item) !== item && parentOf(parentOf(item)) === parentOf(item)) as ObjectItem;
        const parent = parentOf(child);
        const refs = parent.refs.map((ref, i) => (parent.keys[i] === "parent" ? items.indexOf(child) : ref));
        items[items.indexOf(parent)] = { ...parent, refs };
      },
    ],
    ["a book of pages that is wrong", (items) => set(items, "Frames", "free", 2 ** 30)],
    ["an account below zero", (items) => set(items, "Account", "charged", -(2 ** 40))],
    ["a page of the processor", (_, { numbers }) => void (numbers[0] = 1)],
    ["a page that is used and free", (_, { refs }) => void (refs[0] = 0)],
    [
      "a class with files that can be written",
      (items) => {
        const item = of(items, "MemFile");
        items[items.indexOf(item)] = { ...item, name: "kernel/fs/types/host-rw.ts:HostRwFile" };
      },
    ],
    [
      "a mode that no processor has",
      (items) => {
        const registers = items[of(items, "Task").refs[of(items, "Task").keys.indexOf("registers")] as number] as Extract<
          Item,
          { kind: "view" }
        >;
        const buffer = items[registers.buffer] as Extract<Item, { kind: "buffer" }>;
        const bytes = buffer.bytes.slice(0);
        new DataView(bytes).setUint32(registers.offset + at.mode, 48, true);
        items[registers.buffer] = { kind: "buffer", bytes };
      },
    ],
  ])("%s", async (_, change) => {
    const bytes = await forged(change);
    expect(await kindOf(() => Snapshot.read(bytes))).toBe("bad-snapshot");
  });
  it("names that leave the tree", async () => {
    const { header, body } = openFile(await saved());
    const host = { tree: "", type: 0, size: 0, mtime: [0, 0] };
    for (const path of [[".."], ["..", "etc"], ["a/b"], [""], ["."], ["a\0"]]) {
      const file = wholeFile({ ...header, trees: [""], hosts: [{ ...host, path }] }, inflated(body, header.length));
      expect(await kindOf(() => Snapshot.read(file, { root: hostTree("/") }))).toBe("bad-snapshot");
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
      // A touched file has its content still.
      utimesSync(join(folder, "program"), 1, 1);
      expect(await kindOf(read())).toBe("none");
      writeFileSync(
        join(folder, "program"),
        hello.map((byte) => byte ^ 1),
      );
      expect(await kindOf(read())).toBe("changed-files");
      expect(await kindOf(read("accept"))).toBe("none");
      rmSync(join(folder, "program"));
      expect(await kindOf(read("accept"))).toBe("changed-files");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
