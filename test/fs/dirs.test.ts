// Directories as lists: the results of getdents, their order, and their stability while names come and go.
import { describe, it } from "vitest";
import { missing } from "../support/host.ts";
import { agree, type Mask } from "./support/agree.ts";
import { needs, out, type Script } from "./support/script.ts";

/**
 * Inode numbers and positions differ between kernels; names, types, record lengths and their order do not.
 */
const withoutNumbers: Mask = (o, name, abi) => {
  if (!name.startsWith("getdents") || o.result < 0) return o;
  const b = new Uint8Array(o.result);
  b.set((o.buffers[0] as Uint8Array).subarray(0, o.result));
  const long = name === "getdents64" ? 8 : abi.long;
  for (let at = 0; at < b.length; at += (b[at + 2 * long] as number) || b.length) b.fill(0, at, at + 2 * long);
  return { ...o, buffers: [b] };
};

describe.skipIf(missing("directories against the native kernel", ...needs))("directories, as the native kernel lists them", () => {
  it.each(["getdents", "getdents64"] as const)("%s while names come and go", (call) => {
    agree(
      [16, 24, 40, 64, 200, 4096].map((size) => (s: Script) => {
        s.add("mkdir", "d", 0o755);
        for (const name of ["one", "two", "three", "a-rather-long-name-for-a-file"]) s.add("mknod", `d/${name}`, 0o100644, 0);
        s.add("symlink", "x", "d/link");
        s.add("mkdir", "d/dir", 0o755);
        s.add("mknod", "d/fifo", 0o010644, 0);
        const fd = s.add("open", "d", 0, 0);
        s.add(call, fd, out(size), size);
        s.add("unlink", "d/two");
        s.add("mknod", "d/new", 0o100644, 0);
        for (let i = 0; i < 9; i++) s.add(call, fd, out(size), size);
        s.add("lseek", fd, 0, 0);
        s.add(call, fd, out(size), size);
        s.add("rename", "d/one", "d/uno");
        s.add("lseek", fd, 0, 0);
        for (let i = 0; i < 9; i++) s.add(call, fd, out(size), size);
        s.add("read", fd, out(10), 10);
        s.add(call, 0, out(10), 10);
        s.add(call, 99, out(10), 10);
      }),
      withoutNumbers,
    );
  });
  it("getcwd, chroot and removed directories", () => {
    agree(
      [1, 5, 6, 7, 64, 5000].map((size) => (s: Script) => {
        s.add("mkdir", "d", 0o755);
        s.add("mkdir", "d/e", 0o755);
        s.add("getcwd", out(size), size);
        s.add("chdir", "d/e");
        s.add("getcwd", out(size), size);
        s.add("rename", "/d", "/moved");
        s.add("getcwd", out(size), size);
        s.add("rmdir", "/moved/e");
        s.add("getcwd", out(size), size);
        s.add("mkdir", "x", 0o755);
        s.add("open", "x", 0o102, 0o600);
        s.add("open", ".", 0, 0);
        s.add("access", "..", 0);
        s.add("chdir", "..");
        s.add("getcwd", out(size), size);
        s.add("mkdir", "jail", 0o755);
        s.add("chroot", "jail");
        s.add("access", "/..", 0);
        s.add("access", "/moved", 0);
        s.add("chdir", "/");
        s.add("getcwd", out(64), 64);
      }),
    );
  });
});
