// ext2: disks that e2fsprogs formats and that are written inside pass the host's e2fsck, and debugfs reads
// the files; disks of the host are read inside. Damaged disks make errors, and nothing else.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Kernel } from "../../../src/kernel/core/kernel.ts";
import { Ext2Fs } from "../../../src/kernel/features/ext2/ext2.ts";
import type { Ext2File } from "../../../src/kernel/features/ext2/file.ts";
import type { BlockDevice, Clock, Inode } from "../../../src/kernel/fs/vfs/inode.ts";
import { S_IFDIR, S_IFREG } from "../../../src/kernel/fs/vfs/mode.ts";
import { TestMachine } from "../../fs/support/machine.ts";
import { trapgate } from "../../support/cli.ts";
import { inFolder } from "../../support/guest.ts";
import { missing, nativeX64, top } from "../../support/host.ts";

const tools = { what: "e2fsprogs", met: spawnSync("mke2fs", ["-V"]).status === 0 };
const root = { what: "root", met: process.getuid?.() === 0 };
const inside = (folder: string, script: string, ...args: string[]): string => {
  const run = trapgate(
    [
      "run",
      "--root",
      "/",
      "--mount",
      `${folder}:/x:rw`,
      "--mount",
      `${top}/test/fs/ext2:/scripts`,
      "--",
      "/bin/sh",
      `/scripts/${script}`,
      ...args,
    ],
    { timeout: 180_000 },
  );
  expect(run.stderr).toBe("");
  expect(run.status).toBe(0);
  return run.stdout;
};
const debugfs = (disk: string, request: string): Buffer =>
  execFileSync("debugfs", ["-R", request, disk], { stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 26 });
const disks = ["k1", "k4", "plain", "small"];

describe.skipIf(missing("ext2", nativeX64, tools, root))("ext2", { timeout: 400_000 }, () => {
  it("what is written inside, e2fsck finds right, and debugfs finds the files", async () => {
    await inFolder(async (folder) => {
      inside(folder, "write.sh");
      for (const name of disks) {
        const disk = `${folder}/${name}`;
        const check = spawnSync("e2fsck", ["-fn", disk], { encoding: "utf8" });
        expect(`${name} ${check.status} ${check.stdout}`).toMatch(/^\w+ 0 /);
        expect(debugfs(disk, "cat /many/moved/f").toString()).toBe("hello\n");
        const sums = readFileSync(`${disk}.sums`, "utf8");
        for (const file of ["big", "cut", "holes", "many/moved/hard"]) {
          const sum = execFileSync("md5sum", { input: debugfs(disk, `cat /${file}`), encoding: "utf8" }).slice(0, 32);
          expect(`${name}: ${sums}`).toContain(`${sum}  ./${file}\n`);
        }
        expect(debugfs(disk, "stat /cut").toString()).toMatch(/Mode: +04711[\s\S]*User: 70000 +Group: 100001[\s\S]*mtime: 0x3a7b/);
        const parts = [...readFileSync(`${disk}.frag`, "utf8").matchAll(/^ +\d+: +\d+\.\. +\d+: +(\d+)\.\. +(\d+): /gm)];
        const shown = parts.flatMap(([, from, to]) => Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => Number(from) + i));
        const real = debugfs(disk, "blocks /cut").toString().split(/\s+/).map(Number);
        expect(shown.length).toBe(Math.ceil(123_457 / (name === "k4" ? 4096 : name === "plain" ? 2048 : 1024)));
        expect(shown.filter((block) => !real.includes(block))).toEqual([]);
        expect(debugfs(disk, "stat /many/moved/null").toString()).toContain("Device major/minor number: 01:03");
      }
      const list = (name: string): string => readFileSync(`${folder}/${name}.list`, "utf8");
      expect(inside(folder, "read.sh", ...disks)).toBe(
        disks.map((name) => readFileSync(`${folder}/${name}.sums`, "utf8") + list(name)).join(""),
      );
    });
  });

  it("disks that the host has filled are read inside", async () => {
    await inFolder(async (folder) => {
      const files = `${folder}/files`;
      mkdirSync(`${files}/sub/deep`, { recursive: true });
      writeFileSync(`${files}/big`, Buffer.alloc(3_000_000, "0123456789"));
      for (let i = 0; i < 200; i++) writeFileSync(`${files}/sub/name-${i}`, `${i}\n`);
      execFileSync("ln", ["-s", "../big", `${files}/sub/link`]);
      execFileSync("mke2fs", ["-q", "-t", "ext2", "-b", "1024", "-E", "root_owner=0:0", "-d", files, `${folder}/disk`, "8M"]);
      const shown = inside(folder, "read.sh", "disk");
      const sums = execFileSync("sh", ["-c", "find . -type f | sort | xargs md5sum"], { cwd: files, encoding: "utf8" });
      expect(shown.startsWith(sums)).toBe(true);
      expect(shown).toContain("sub/link l 777 0:0 1 6 ../big\n");
    });
  });
});

/** A disk in memory that counts its accesses. */
class Disk implements BlockDevice {
  readonly number = 0x700;
  readonly blockSize = 512;
  readonly readOnly = false;
  holder = undefined;
  accesses = 0;
  /** Writes are EIO. */
  refuses = false;
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get size(): number {
    return this.bytes.length;
  }
  read(at: number, into: Uint8Array): number {
    this.accesses++;
    if (at + into.length > this.size) return -5;
    into.set(this.bytes.subarray(at, at + into.length));
    return 0;
  }
  write(at: number, bytes: Uint8Array): number {
    this.accesses++;
    if (this.refuses || at + bytes.length > this.size) return -5;
    this.bytes.set(bytes, at);
    return 0;
  }
}
/** A generator of numbers below `n`. */
const numbers = (seed: number): ((n: number) => number) => {
  let state = seed * 2654435761 + 1;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
};
const made = (mode: number) => ({ mode, uid: 0, gid: 0, rdev: 0 });
/** Visits a tree, and changes it: what a guest's `find`, `cat`, `mv` and `rm -r` do. */
const work = (dir: Inode, below: (n: number) => number, depth: number): void => {
  const names: string[] = [];
  const entries = dir.entries(0, undefined as never);
  for (let next = entries.next(); !next.done && names.length < 50; next = entries.next()) names.push(next.value.name);
  for (const name of names) {
    const inode = dir.lookup(name, undefined as never);
    if (typeof inode === "number") continue;
    inode.readlink(undefined as never);
    inode.setXattr("user.x", new Uint8Array(below(600)));
    if (inode.isDir && depth < 6) work(inode, below, depth + 1);
    if ("readAt" in inode) {
      const file = inode as unknown as {
        readAt(at: number, into: Uint8Array): number;
        writeAt(at: number, bytes: Uint8Array): number;
        nextData(at: number, data: boolean): number;
      };
      file.readAt(0, new Uint8Array(Math.min(inode.size, 20_000)));
      file.nextData(0, false);
      file.writeAt(below(2 ** below(34)), new Uint8Array(3000));
      inode.truncate(below(100_000));
    }
    if (below(3) === 0) dir.rename(name, dir, `new-${name}`, 0);
    else if (inode.isDir ? inode.isEmpty : below(2) === 0) inode.isDir ? dir.rmdir(name, inode) : dir.unlink(name, inode);
  }
  const fresh = dir.create("fresh", made(S_IFDIR | 0o755));
  if (typeof fresh !== "number") fresh.create("file", made(S_IFREG | 0o644));
  dir.create("link", made(0o120777), "x".repeat(below(200) + 1));
};

describe.skipIf(missing("attributes on ext2", tools))("extended attributes on ext2", () => {
  it("are written for e2fsprogs, shared blocks are parted, and those of e2fsprogs are read", async () => {
    await inFolder(async (folder) => {
      const file = `${folder}/disk`;
      // Without room for attributes in inodes, which ext2 does not know.
      execFileSync("mke2fs", ["-q", "-t", "ext2", "-b", "1024", "-I", "128", file, "1M"]);
      const { kernel }: { kernel: Kernel } = new TestMachine();
      const mounted = (use: (root: Inode) => void): void => {
        const disk = new Disk(Uint8Array.from(readFileSync(file)));
        const fs = Ext2Fs.mount(disk, kernel as Clock, 0) as Ext2Fs;
        use(fs.root.inode);
        fs.end();
        writeFileSync(file, disk.bytes);
        const check = spawnSync("e2fsck", ["-fn", file], { encoding: "utf8" });
        expect(`${check.status} ${check.stdout}`).toMatch(/^0 /);
      };
      const text = (s: string): Uint8Array => Buffer.from(s);
      const list = Uint8Array.of(2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 7, 0, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255);
      mounted((root) => {
        const a = root.create("a", made(S_IFREG | 0o644)) as Inode;
        const values = { "user.long": "v".repeat(300), "user.b": "", "trusted.t": "12345", "security.s": "x", "user.aa": "1" };
        for (const [name, value] of Object.entries(values)) expect(a.setXattr(name, text(value))).toBe(0);
        expect(a.setXattr("system.posix_acl_access", list)).toBe(0);
        expect(a.setXattr("user.more", text("w".repeat(800)))).toBe(-28);
        expect(a.setXattr("security.s", undefined)).toBe(0);
        const b = root.create("b", made(S_IFREG | 0o644)) as Inode;
        b.setXattr("user.gone", text("1"));
        b.setXattr("user.gone", undefined);
        root.create("link", made(0o120777), "short");
        (root.lookup("link", undefined as never) as Inode).setXattr("trusted.t", text("2"));
      });
      const shown = debugfs(file, "ea_list /a").toString();
      expect(shown).toContain('user.aa (1) = "1"');
      expect(shown).toContain('trusted.t (5) = "12345"');
      expect(shown).toContain("system.posix_acl_access (20) = 01 00 00 00 01 00 06 00 02 00 04 00 07 00 00 00 04 00 04 00");
      expect(debugfs(file, "ea_list /link").toString()).toContain('trusted.t (1) = "2"');
      execFileSync("debugfs", ["-w", "-R", "ea_set /b user.native answer", file], { stdio: "ignore" });
      mounted((root) => {
        const [a, b, link] = ["a", "b", "link"].map((name) => root.lookup(name, undefined as never) as Inode) as [Inode, Inode, Inode];
        expect([...(b.xattrs ?? [])].map(([name, value]) => `${name} ${Buffer.from(value)}`)).toEqual(["user.native answer"]);
        expect(a.xattrs?.get("system.posix_acl_access")).toEqual(list);
        expect(link.readlink(undefined as never)).toBe("short");
        root.unlink("a", a);
        root.unlink("link", link);
      });
    });
  });
});

describe.skipIf(missing("damaged ext2", tools))("ext2, damaged", () => {
  it("a block with billions of places in a file costs no endless search, read or removal", async () => {
    await inFolder(async (folder) => {
      execFileSync("mke2fs", ["-q", "-t", "ext2", "-b", "1024", `${folder}/disk`, "1M"]);
      const disk = new Disk(Uint8Array.from(readFileSync(`${folder}/disk`)));
      const fs = Ext2Fs.mount(disk, new TestMachine().kernel as Clock, 0) as Ext2Fs;
      const file = fs.root.inode.create("file", made(S_IFREG | 0o644)) as Ext2File;
      file.writeAt(0, new Uint8Array(1024));
      const { pointers } = file.stored;
      const block = pointers[0] as number;
      for (const depth of [12, 13, 14]) pointers[depth] = block;
      pointers.fill(block, 0, 12);
      fs.volume.write(block, new Uint8Array(new Uint32Array(256).fill(block).buffer));
      file.stored.size = 1024 * (12 + 256 + 256 ** 2 + 256 ** 3);
      expect(file.nextData(0, false)).toBe(file.size);
      expect(file.nextData(5000, true)).toBe(5000);
      expect(file.readAt(file.size - 5000, new Uint8Array(5000))).toBe(5000);
      expect(file.truncate(100_000)).toBe(0);
      expect(fs.root.inode.unlink("file", file)).toBe(0);
      expect(disk.accesses).toBeLessThan(1_000_000);
      fs.end();
    });
  });
  it("what the device refuses does not happen: attributes and names stay, and their memory is given back", async () => {
    await inFolder(async (folder) => {
      execFileSync("mke2fs", ["-q", "-t", "ext2", "-b", "1024", `${folder}/disk`, "1M"]);
      const disk = new Disk(Uint8Array.from(readFileSync(`${folder}/disk`)));
      const { kernel } = new TestMachine();
      const fs = Ext2Fs.mount(disk, kernel as Clock, 0) as Ext2Fs;
      const root = fs.root.inode;
      const file = root.create("file", made(S_IFREG | 0o644)) as Inode;
      expect(file.setXattr("user.a", Buffer.from("1"))).toBe(0);
      const { charged } = kernel.frames.account;
      disk.refuses = true;
      expect(file.setXattr("user.a", undefined)).toBe(-5);
      expect(file.setXattr("user.b", Buffer.from("2"))).toBe(-5);
      expect(root.link("second", file)).toBe(-5);
      expect([...(file.xattrs?.keys() ?? [])]).toEqual(["user.a"]);
      expect(kernel.frames.account.charged).toBe(charged);
      expect(root.lookup("second", undefined as never)).toBe(-2);
    });
  });
  it("numbers of a disk that are wrong make errors, never an exception or endless work", { timeout: 180_000 }, async () => {
    await inFolder(async (folder) => {
      mkdirSync(`${folder}/files/sub/deep`, { recursive: true });
      writeFileSync(`${folder}/files/big`, Buffer.alloc(400_000, "x"));
      for (let i = 0; i < 30; i++) writeFileSync(`${folder}/files/sub/${i}`, "y".repeat(i * 100));
      execFileSync("mke2fs", ["-q", "-t", "ext2", "-b", "1024", "-N", "64", "-d", `${folder}/files`, `${folder}/disk`, "1M"]);
      const good = readFileSync(`${folder}/disk`);
      const { kernel }: { kernel: Kernel } = new TestMachine();
      let mounted = 0;
      for (let seed = 1; seed <= 400; seed++) {
        const below = numbers(seed);
        const disk = new Disk(Uint8Array.from(good));
        // The metadata lies in front. Half of the new numbers are small, as most pointers are.
        for (let n = 1 + below(30); n > 0; n--) {
          const at = seed % 4 === 0 ? 1024 + below(200) * 4 : 3072 + below(60_000) * 4;
          if (at + 4 <= disk.size) new DataView(disk.bytes.buffer).setUint32(at, below(2) === 0 ? below(1100) : below(2 ** 32), true);
        }
        const fs = Ext2Fs.mount(disk, kernel as Clock, 0);
        if (typeof fs === "number") continue;
        mounted++;
        work(fs.root.inode, below, 0);
        fs.end();
        expect(disk.accesses).toBeLessThan(400_000);
      }
      expect(mounted).toBeGreaterThan(200);
    });
  });
});
