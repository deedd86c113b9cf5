// The host's directory through the core's eyes, by descriptors (Linux) and by paths (elsewhere; it works on
// Linux, too).
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { E } from "../../src/abi/errno.ts";
import { byDescriptor, byPath } from "../../src/host/node-reach.ts";
import { NodeTree, nodeTree } from "../../src/host/node-tree.ts";
import type { HostNode } from "../../src/kernel/fs/types/host-tree.ts";
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../../src/kernel/fs/vfs/mode.ts";

let top: string;
let dir: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "trapgate-tree-"));
  dir = join(top, "shared");
  mkdirSync(join(dir, "sub"), { recursive: true });
  writeFileSync(join(top, "victim"), "outside");
  writeFileSync(join(dir, "sub", "file"), "0123456789");
  chmodSync(join(dir, "sub", "file"), 0o640);
  symlinkSync("sub", join(dir, "link"));
  symlinkSync(join(top, "victim"), join(dir, "sub", "outside"));
  writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xff, 0x41])]), "bytes");
});
// Node's own removal does not reach files deeper than a path can name.
afterEach(() => void execFileSync("rm", ["-rf", top]));

const node = (found: HostNode | number): HostNode => {
  if (typeof found === "number") throw new Error(`errno ${-found}`);
  return found;
};
const at = (tree: NodeTree, ...names: string[]): HostNode => names.reduce<HostNode>((dir, name) => node(dir.lookup(name)), tree.root);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
/** Descriptors of ours of files without a name. */
const openFiles = (name: string): string[] =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === `${join(dir, name)} (deleted)`;
    } catch {
      return false;
    }
  });
const time = { sec: 1000, nsec: 0 };

const ways = [["byPath", byPath] as const, ...(process.platform === "linux" ? [["byDescriptor", byDescriptor] as const] : [])];

describe.each(ways)("a host directory, %s:", (way, reach) => {
  const ro = (): NodeTree => new NodeTree(dir, false, reach);
  const rw = (): NodeTree => new NodeTree(dir, true, reach);

  it("tells what lstat tells", () => {
    const { stat } = at(ro(), "sub", "file");
    expect(stat).toMatchObject({ size: 10, nlink: 1 });
    expect(stat.mode & S_IFMT).toBe(S_IFREG);
    expect(stat.mode & 0o777).toBe(0o640);
  });
  it("lists names as byte strings with their types", () => {
    expect(ro().root.readdir()).toEqual(
      expect.arrayContaining([
        { name: "sub", type: S_IFDIR },
        { name: "link", type: S_IFLNK },
        { name: "\u00ffA", type: S_IFREG },
      ]),
    );
    expect(at(ro(), "\u00ffA").stat.size).toBe(5);
  });
  it("reads at an offset, and less at the end", () => {
    const into = new Uint8Array(8);
    expect(at(ro(), "sub", "file").read(4, into)).toBe(6);
    expect(text(into.subarray(0, 6))).toBe("456789");
  });
  it("reads into guest memory and writes from it, also if it is shared", () => {
    writeFileSync(join(dir, "page"), "a page of a file");
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const page = new Uint8Array(buffer, 4096, 16);
    expect(at(ro(), "page").read(0, page)).toBe(16);
    expect(String.fromCharCode(...page)).toBe("a page of a file");
    page[0] = 0x41;
    expect(at(rw(), "page").write(2, page)).toBe(16);
    expect(readFileSync(join(dir, "page"), "latin1")).toBe("a A page of a file");
  });
  it("follows no symbolic link, and reads and changes what is one as a link", () => {
    const tree = rw();
    const link = at(tree, "sub", "outside");
    expect(link.readlink()).toBe(join(top, "victim"));
    expect(link.read(0, new Uint8Array(8))).toBe(-E.ENXIO);
    expect(link.truncate(0)).toBe(-E.ENXIO);
    expect(link.chmod(0o777)).toBe(-E.EOPNOTSUPP);
    expect(link.lookup("file")).toBe(-E.ENOTDIR);
    expect(at(tree, "link").lookup("file")).toBe(-E.ENOTDIR);
    expect(link.utimes(time, time)).toBe(0);
    expect(lstatSync(join(dir, "sub", "outside")).mtimeMs).toBe(1_000_000);
    expect(statSync(join(top, "victim")).mtimeMs).not.toBe(1_000_000);
  });
  it("answers what is missing with -ENOENT, and takes nothing for a name that is none", () => {
    const { root } = rw();
    expect(root.lookup("nothing")).toBe(-E.ENOENT);
    for (const name of ["", ".", "..", "../victim", "sub/file", "sub\0"]) {
      expect(root.lookup(name)).toBe(-E.EINVAL);
      expect(root.create(name, 0o600)).toBe(-E.EINVAL);
      expect(root.rename("sub", root, name)).toBe(-E.EINVAL);
    }
  });
  it("can be changed only if that was asked for", () => {
    const { root } = ro();
    const file = at(ro(), "sub", "file");
    expect([root.create("new", 0o600), root.mkdir("new", 0o700), root.symlink("new", "x")]).toEqual([-E.EROFS, -E.EROFS, -E.EROFS]);
    expect([root.unlink("link"), root.rmdir("sub"), root.rename("sub", root, "x"), root.link("x", file)]).toEqual(Array(4).fill(-E.EROFS));
    expect([file.write(0, new Uint8Array(1)), file.truncate(0), file.chmod(0), file.chown(1, 1), file.utimes(time, time)]).toEqual(
      Array(5).fill(-E.EROFS),
    );
    expect(file.hold({ read: true, write: true })).toBe(-E.EROFS);
  });
  it("makes and removes files, also ones that may not be written any more", () => {
    const { root } = rw();
    const made = node(root.create("new", 0o400));
    expect(root.create("new", 0o600)).toBe(-E.EEXIST);
    expect(root.create("link", 0o600)).toBe(-E.EEXIST);
    expect(made.write(2, new TextEncoder().encode("hi"))).toBe(2);
    expect(readFileSync(join(dir, "new"), "latin1")).toBe("\0\0hi");
    expect(root.unlink("new")).toBe(0);
    expect(root.lookup("new")).toBe(-E.ENOENT);
  });
  it("has one node for all names of a file, wherever they go", () => {
    const tree = rw();
    const file = at(tree, "sub", "file");
    expect(tree.root.link("second", file)).toBe(0);
    expect(tree.root.lookup("second")).toBe(file);
    expect(tree.root.rename("sub", tree.root, "moved")).toBe(0);
    expect(at(tree, "moved", "file")).toBe(file);
    expect(file.chmod(0o600)).toBe(0);
    expect(statSync(join(dir, "moved", "file")).mode & 0o777).toBe(0o600);
  });
  it("reaches the file that was found, or none, when another has its name", () => {
    const file = at(rw(), "sub", "file");
    renameSync(join(dir, "sub", "file"), join(dir, "sub", "old"));
    symlinkSync(join(top, "victim"), join(dir, "sub", "file"));
    const before = statSync(join(top, "victim"));
    expect([file.truncate(0), file.chmod(0o777), file.chown(1, 1), file.utimes(time, time)]).toEqual(Array(4).fill(-E.ESTALE));
    expect(file.read(0, new Uint8Array(4))).toBe(-E.ESTALE);
    expect(statSync(join(top, "victim"))).toEqual(before);
    expect(readFileSync(join(dir, "sub", "old"), "latin1")).toBe("0123456789");
  });
  it("does not go through a directory that became a link", () => {
    const tree = rw();
    const sub = at(tree, "sub");
    renameSync(join(dir, "sub"), join(dir, "old"));
    mkdirSync(join(top, "outside"));
    symlinkSync(join(top, "outside"), join(dir, "sub"));
    expect([sub.lookup("file"), sub.create("new", 0o600), sub.mkdir("made", 0o700), sub.unlink("file")]).toEqual(Array(4).fill(-E.ESTALE));
    expect([sub.readdir(), sub.chmod(0o777), sub.chown(1, 1)]).toEqual(Array(3).fill(-E.ESTALE));
    expect(tree.root.rename("link", sub, "x")).toBe(-E.ESTALE);
    expect(lstatSync(join(dir, "link")).isSymbolicLink()).toBe(true);
  });
  it("keeps a file that is held when its name goes, and lets go of it", () => {
    const { root } = rw();
    const file = node(root.create("new", 0o600));
    expect(file.hold({ read: true, write: true })).toBe(0);
    unlinkSync(join(dir, "new"));
    expect(file.truncate(2 ** 30)).toBe(0);
    expect(file.write(5, new TextEncoder().encode("kept"))).toBe(4);
    const into = new Uint8Array(4);
    expect(file.read(5, into)).toBe(4);
    expect(text(into)).toBe("kept");
    file.release();
  });
  it("has the host free a file after its last use", () => {
    const { root } = rw();
    const files = ["unlinked", "replaced", "held"].map((name) => node(root.create(name, 0o600)));
    for (const file of files) expect(file.write(0, new Uint8Array(10))).toBe(10);
    expect(files[2]!.hold({ read: true, write: true })).toBe(0);
    node(root.create("other", 0o600));
    expect([root.unlink("unlinked"), root.rename("other", root, "replaced"), root.unlink("held")]).toEqual([0, 0, 0]);
    expect(openFiles("unlinked").concat(openFiles("replaced"))).toEqual([]);
    expect(openFiles("held")).toHaveLength(1);
    files[2]!.release();
    expect(openFiles("held")).toEqual([]);
  });
  it("gives another name to the file that was found, or to none", () => {
    const tree = rw();
    const file = at(tree, "sub", "file");
    renameSync(join(dir, "sub", "file"), join(dir, "sub", "old"));
    linkSync(join(top, "victim"), join(dir, "sub", "file"));
    expect(tree.root.link("second", file)).toBe(-E.ESTALE);
    expect(tree.root.lookup("second")).toBe(-E.ENOENT);
  });
  it("has room for more files than there are descriptors for", () => {
    const tree = rw();
    const files = Array.from({ length: 600 }, (_, n) => node(tree.root.create(`f${n}`, 0o600)));
    files.forEach((file, n) => expect(file.write(0, Uint8Array.of(n & 255))).toBe(1));
    const into = new Uint8Array(1);
    files.forEach((file, n) => {
      expect(file.read(0, into)).toBe(1);
      expect(into[0]).toBe(n & 255);
    });
  });
  it(`${way === "byPath" ? "refuses" : "has"} a chain of directories longer than any path`, () => {
    const tree = rw();
    const name = "d".repeat(200);
    let at: HostNode | number = tree.root;
    let depth = 0;
    for (; depth < 300 && typeof at !== "number"; depth++) at = at.mkdir(name, 0o700);
    if (way === "byPath") expect(at).toBe(-E.ENAMETOOLONG);
    else expect(node(node(at).create("deepest", 0o600)).write(0, new Uint8Array(3))).toBe(3);
  });
});

describe("nodeTree", () => {
  it("can be the root directory", () => {
    const etc = node(nodeTree("/").root.lookup("etc"));
    expect(node(etc.lookup("passwd")).stat.mode & S_IFMT).toBe(S_IFREG);
  });
  it("is of a directory", () => {
    expect(() => nodeTree(join(top, "victim"))).toThrow("ENOTDIR");
    expect(() => nodeTree(join(top, "none"))).toThrow("ENOENT");
  });
});
