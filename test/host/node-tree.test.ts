// The host's directory through the core's eyes.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { E } from "../../src/abi/errno.ts";
import { nodeTree } from "../../src/host/node-tree.ts";
import type { HostStat } from "../../src/kernel/fs/types/host-tree.ts";
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../../src/kernel/fs/vfs/mode.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "trapgate-tree-"));
  mkdirSync(join(dir, "sub"));
  writeFileSync(join(dir, "sub", "file"), "0123456789");
  chmodSync(join(dir, "sub", "file"), 0o640);
  symlinkSync("sub", join(dir, "link"));
  symlinkSync("/etc/passwd", join(dir, "sub", "outside"));
  writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xff, 0x41])]), "bytes");
});
afterAll(() => rmSync(dir, { recursive: true }));

describe("a host directory", () => {
  it("tells what lstat tells", () => {
    const stat = nodeTree(dir).lstat(["sub", "file"]) as HostStat;
    expect(stat).toMatchObject({ size: 10, nlink: 1 });
    expect(stat.mode & S_IFMT).toBe(S_IFREG);
    expect(stat.mode & 0o777).toBe(0o640);
  });
  it("lists names as byte strings with their types", () => {
    expect(nodeTree(dir).readdir([])).toEqual(
      expect.arrayContaining([
        { name: "sub", type: S_IFDIR },
        { name: "link", type: S_IFLNK },
        { name: "\u00ffA", type: S_IFREG },
      ]),
    );
  });
  it("reads at an offset, and less at the end", () => {
    const into = new Uint8Array(8);
    expect(nodeTree(dir).read(["sub", "file"], 4, into)).toBe(6);
    expect(Buffer.from(into.subarray(0, 6)).toString()).toBe("456789");
  });
  it("reads into guest memory and writes from it, also if it is shared", () => {
    writeFileSync(join(dir, "page"), "a page of a file");
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const page = new Uint8Array(buffer, 4096, 16);
    expect(nodeTree(dir).read(["page"], 0, page)).toBe(16);
    expect(String.fromCharCode(...page)).toBe("a page of a file");
    page[0] = 0x41;
    expect(nodeTree(dir, { writable: true }).write?.write(["page"], 2, page)).toBe(16);
    expect(readFileSync(join(dir, "page"), "latin1")).toBe("a A page of a file");
  });
  it("follows no symbolic link, neither in the last component nor above", () => {
    const tree = nodeTree(dir);
    expect(tree.read(["sub", "outside"], 0, new Uint8Array(8))).toBe(-E.ELOOP);
    expect(tree.read(["link", "file"], 0, new Uint8Array(8))).toBe(-E.ENOTDIR);
    expect(tree.readlink(["sub", "outside"])).toBe("/etc/passwd");
  });
  it("answers what is missing with -ENOENT", () => {
    expect(nodeTree(dir).lstat(["nothing"])).toBe(-E.ENOENT);
  });
  it("can be written only if that was asked for", () => {
    expect(nodeTree(dir).write).toBeUndefined();
    const write = nodeTree(dir, { writable: true }).write;
    expect(write?.create(["new"], 0o600)).toBe(0);
    expect(write?.create(["new"], 0o600)).toBe(-E.EEXIST);
    expect(write?.write(["new"], 2, new TextEncoder().encode("hi"))).toBe(2);
    expect(readFileSync(join(dir, "new"), "latin1")).toBe("\0\0hi");
    expect(write?.unlink(["new"])).toBe(0);
  });
  it("can be the root directory", () => {
    expect(nodeTree("/").lstat(["etc", "passwd"])).toMatchObject({ nlink: 1 });
  });
});
