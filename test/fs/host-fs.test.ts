// Host directories in a guest: changes of a copy-on-write mount stay in the guest, a read-only mount refuses,
// a writable one writes.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { x64 } from "../../src/abi/abi.ts";
import { E } from "../../src/abi/errno.ts";
import { nodeTree } from "../../src/host/node-tree.ts";
import { HostFs } from "../../src/kernel/fs/types/host-fs.ts";
import { HostRwFs } from "../../src/kernel/fs/types/host-rw.ts";
import type { Clock, FileSystem } from "../../src/kernel/fs/vfs/inode.ts";
import { TestMachine } from "./support/machine.ts";
import { bytes, out, Script } from "./support/script.ts";

const top = mkdtempSync(join(tmpdir(), "trapgate-host-fs-"));
const dir = join(top, "shared");
afterAll(() => {
  rmSync(top, { recursive: true, force: true });
});
beforeEach(() => {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(join(dir, "sub"), { recursive: true });
  writeFileSync(join(top, "secret"), "secret");
  writeFileSync(join(dir, "file"), "from the host");
  writeFileSync(join(dir, "sub/other"), "other");
  symlinkSync("../secret", join(dir, "out"));
  symlinkSync(join(top, "secret"), join(dir, "absolute"));
});

const run = (root: (dev: number, clock: Clock) => FileSystem, write: (s: Script) => void): { result: number; text: string }[] => {
  const script = new Script();
  write(script);
  const machine = new TestMachine({ root });
  const outcomes = machine.run(script, x64);
  machine.end();
  return outcomes.map((o) => ({ result: o.result, text: o.buffers.map((b) => String.fromCharCode(...b)).join() }));
};
const results = (list: readonly { result: number }[]): number[] => list.map((o) => o.result);
const cow = (dev: number, clock: Clock): FileSystem => new HostFs(dev, clock, nodeTree(dir));
const ro = (dev: number, clock: Clock): FileSystem => new HostFs(dev, clock, nodeTree(dir), { readOnly: true });
const rw = (dev: number, clock: Clock): FileSystem => new HostRwFs(dev, clock, nodeTree(dir, { writable: true }));
const content = (name: string): string => readFileSync(join(dir, name), "utf8");
const RDWR = 2;

const change = (s: Script): void => {
  const fd = s.add("open", "file", RDWR, 0);
  s.add("pwrite64", fd, bytes("FROM"), 4, 0);
  s.add("pread64", fd, out(20), 20, 0);
  s.add("unlink", "sub/other");
  s.add("rmdir", "sub");
  s.add("mkdir", "made", 0o755);
  s.add("rename", "file", "made/moved");
  s.add("access", "file", 0);
  s.add("chmod", "made/moved", 0o600);
  s.add("symlink", "x", "link");
};

describe("a host directory", () => {
  it("mounted copy-on-write changes in the guest and not on the host", () => {
    const seen = run(cow, change);
    expect(results(seen)).toEqual([3, 4, 13, 0, 0, 0, 0, -E.ENOENT, 0, 0]);
    expect(seen[2]?.text).toBe("FROM the host");
    expect(content("file")).toBe("from the host");
    expect(content("sub/other")).toBe("other");
    expect(readdirSync(dir).sort()).toEqual(["absolute", "file", "out", "sub"]);
  });
  it("mounted read-only refuses every change", () => {
    const seen = run(ro, change);
    expect(results(seen)).toEqual([-E.EROFS, -E.EBADF, -E.EBADF, -E.EROFS, -E.EROFS, -E.EROFS, -E.ENOENT, 0, -E.ENOENT, -E.EROFS]);
    expect(content("file")).toBe("from the host");
  });
  it("mounted writable changes on the host", () => {
    const seen = run(rw, change);
    expect(results(seen)).toEqual([3, 4, 13, 0, 0, 0, 0, -E.ENOENT, 0, 0]);
    expect(content("made/moved")).toBe("FROM the host");
    expect(statSync(join(dir, "made/moved")).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir).sort()).toEqual(["absolute", "link", "made", "out"]);
  });
  it.each([
    ["cow", cow],
    ["ro", ro],
    ["rw", rw],
  ] as const)("mounted %s lets no link lead out of it", (_name, root) => {
    const seen = run(root, (s) => {
      s.add("open", "out", 0, 0);
      s.add("open", "absolute", 0, 0);
      s.add("open", "../secret", 0, 0);
      s.add("open", "sub/../../secret", 0, 0);
    });
    expect(results(seen)).toEqual([-E.ENOENT, -E.ENOENT, -E.ENOENT, -E.ENOENT]);
  });
  it.each([
    ["cow", cow],
    ["rw", rw],
  ] as const)("mounted %s keeps a file that is removed while open", (_name, root) => {
    const seen = run(root, (s) => {
      const fd = s.add("open", "file", RDWR, 0);
      s.add("unlink", "file");
      s.add("write", fd, bytes("FROM"), 4);
      s.add("pread64", fd, out(20), 20, 0);
    });
    expect(results(seen)).toEqual([3, 0, 4, 13]);
    expect(seen[3]?.text).toBe("FROM the host");
  });
  it("is listed when names are listed, or many are looked up", () => {
    const asked: string[] = [];
    const watched = (dev: number, clock: Clock): FileSystem => {
      const { root, writable } = nodeTree(dir);
      const lookup = (name: string) => {
        asked.push(name);
        return root.lookup(name);
      };
      const readdir = () => {
        asked.push(".");
        return root.readdir();
      };
      return new HostFs(dev, clock, { root: Object.assign(Object.create(root) as typeof root, { lookup, readdir }), writable });
    };
    const once = run(watched, (s) => {
      for (const name of ["file", "none", "file", "file"]) s.add("access", name, 0);
    });
    expect(results(once)).toEqual([0, -E.ENOENT, 0, 0]);
    expect(asked.splice(0)).toEqual(["file", "none"]);
    const listed = run(watched, (s) => {
      s.add("access", "file", 0);
      s.add("unlink", "file");
      s.add("access", "file", 0);
      s.add("access", "out", 0);
      s.add("rename", "sub", "moved");
      s.add("access", "moved/other", 0);
    });
    expect(results(listed)).toEqual([0, 0, -E.ENOENT, -E.ENOENT, 0, 0]);
    expect(asked.splice(0)).toEqual(["file", ".", "out", "sub"]);
    const many = run(watched, (s) => {
      for (let n = 0; n < 100; n++) s.add("access", `none${n}`, 0);
      s.add("access", "file", 0);
    });
    expect(new Set(results(many).slice(0, -1))).toEqual(new Set([-E.ENOENT]));
    expect(asked).toHaveLength(16 + 2);
  });
});
