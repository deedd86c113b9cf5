// Names and paths: every errno of the name calls, in Linux's order, against the kernel under us.
import { describe, it } from "vitest";
import type { SyscallName } from "../../src/abi/numbers.ts";
import { missing } from "../support/host.ts";
import { agree } from "./support/agree.ts";
import { type Arg, needs, out, type Script } from "./support/script.ts";

/** A small world: files, directories, links of every kind. */
const world = (s: Script): void => {
  s.add("umask", 0o022);
  s.add("mkdir", "d", 0o755);
  s.add("mkdir", "d/sub", 0o755);
  s.add("mkdir", "empty", 0o755);
  s.add("open", "f", 0o102, 0o644);
  s.add("open", "d/g", 0o102, 0o644);
  s.add("symlink", "f", "lf");
  s.add("symlink", "d", "ld");
  s.add("symlink", "nowhere", "dangling");
  s.add("symlink", "loop", "loop");
  s.add("symlink", "/d/sub", "abs");
  s.add("symlink", "d/../lf", "chain");
  s.add("symlink", "d/", "slash");
  s.add("mknod", "fifo", 0o010644, 0);
  s.add("mknod", "sock", 0o140644, 0);
  s.add("mknod", "null", 0o020666, 0x103);
  s.add("link", "f", "hard");
};
const few = [
  "f",
  "d",
  "d/",
  "f/",
  "new",
  "new/",
  "lf",
  "lf/",
  "ld",
  "ld/",
  "dangling",
  "loop",
  "fifo",
  "",
  "/",
  ".",
  "..",
  "d/.",
  "d/..",
  "f/x",
  "no/x",
  "empty",
  "empty/",
  "d/sub",
  "d/sub/x",
  "hard",
  "d/sub/..",
  "ld/g",
  "slash",
  "x".repeat(256),
];
const names = [
  ...few,
  "dangling/",
  "loop/",
  "abs",
  "abs/..",
  "abs/x",
  "chain",
  "chain/",
  "fifo/",
  "sock",
  "null",
  "./",
  "d/../f",
  "f/..",
  "d/sub/../g",
  "empty/.",
  "//d//g//",
  "loop/x",
  "dangling/x",
  "slash/",
  "slash/g",
  "x".repeat(255),
  "d/".repeat(1000),
  `${"d/../".repeat(800)}f`,
  "x/".repeat(2048),
  `/${"d/../".repeat(818)}d`,
];
/** Looks at the tree after the changes. */
const look = (s: Script, ...which: string[]): void => {
  for (const name of which) {
    s.add("access", name, 0);
    s.add("readlink", name, out(64), 64);
  }
};

const single: readonly (readonly [SyscallName, ...Arg[]])[] = [
  ["mkdir", 0o755],
  ["rmdir"],
  ["unlink"],
  ["chdir"],
  ["chroot"],
  ["access", 0],
  ["access", 7],
  ["access", 8],
  ["truncate", 3],
  ["chmod", 0o600],
  ["chown", 1, 2],
  ["lchown", 1, 2],
  ["readlink", out(20), 20],
  ["readlink", out(20), 0],
  ["mknod", 0o100644, 0],
  ["mknod", 0o010644, 0],
  ["mknod", 0o040644, 0],
  ["mknod", 0o170644, 0],
];
const O = {
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0o100,
  EXCL: 0o200,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  DIRECTORY: 0o200000,
  NOFOLLOW: 0o400000,
  PATH: 0o10000000,
  TMPFILE: 0o20200000,
};
const openFlags = [
  0,
  O.WRONLY,
  O.RDWR,
  3,
  O.CREAT | O.RDWR,
  O.CREAT | O.EXCL | O.RDWR,
  O.TRUNC | O.RDWR,
  O.TRUNC,
  O.DIRECTORY,
  O.NOFOLLOW,
  O.NOFOLLOW | O.CREAT,
  O.DIRECTORY | O.NOFOLLOW,
  O.PATH,
  O.PATH | O.NOFOLLOW,
  O.PATH | O.DIRECTORY,
  O.CREAT | O.DIRECTORY,
  O.TMPFILE | O.RDWR,
  O.TMPFILE,
  O.APPEND | O.WRONLY,
  O.CREAT | O.TRUNC | O.WRONLY,
].map((f) => f | O.NONBLOCK);

describe.skipIf(missing("names against the native kernel", ...needs))("names, as the native kernel takes them", () => {
  it.each(single)("%s of every kind of name", (...row) => {
    const [call, ...rest] = row as unknown as (typeof single)[number];
    agree(
      names.map((name) => (s) => {
        world(s);
        s.add(call, name, ...rest);
        look(s, "f", "d", "new", "lf");
      }),
    );
  });
  it("open with every kind of flags and name", () => {
    agree(
      openFlags.flatMap((flags) =>
        names.map((name) => (s: Script) => {
          world(s);
          s.add("open", name, flags, 0o640);
          look(s, "f", "nowhere", "new");
        }),
      ),
    );
  });
  for (const [call, args] of [
    ["rename", []],
    ["link", []],
    ["symlink", []],
  ] as const) {
    it(`${call} from every kind of name to every kind of name`, () => {
      agree(
        few.flatMap((from) =>
          few.map((to) => (s: Script) => {
            world(s);
            s.add(call, from, to, ...args);
            look(s, from, to, "f", "d");
          }),
        ),
      );
    });
  }
  it.each([1, 2, 4])("renameat2 with flags %i", (flags) => {
    agree(
      few.flatMap((from) =>
        few.map((to) => (s: Script) => {
          world(s);
          s.add("renameat2", -100, from, -100, to, flags);
          look(s, from, to, "f");
        }),
      ),
    );
  });
  it.each([0, 0x400, 0x1000, 0x200])("linkat with flags %i", (flags) => {
    agree(
      few.map((from) => (s: Script) => {
        world(s);
        s.add("linkat", -100, from, -100, "new2", flags);
        look(s, "new2");
      }),
    );
  });
  it("the *at calls start where their descriptor says", () => {
    const dirs = ["d", "f", "ld", "empty", "fifo"];
    agree(
      dirs.flatMap((dir) =>
        ["g", "", ".", "..", "../f", "/f", "sub", "no"].map((name) => (s: Script) => {
          world(s);
          const fd = s.add("open", dir, O.PATH, 0);
          s.add("faccessat", fd, name, 0);
          s.add("mkdirat", fd, name, 0o755);
          s.add("unlinkat", fd, name, 0);
          s.add("unlinkat", fd, name, 0x200);
          s.add("openat", fd, name, O.NONBLOCK, 0);
          s.add("readlinkat", fd, name, out(30), 30);
          s.add("fchmodat", fd, name, 0o700);
          s.add("fchownat", fd, name, 5, 6, 0x1000);
          s.add("faccessat2", fd, name, 4, 0x1000);
          s.add("faccessat2", 77, name, 4, 0);
          s.add("fchdir", fd);
          s.add("getcwd", out(64), 64);
        }),
      ),
    );
  });
});
