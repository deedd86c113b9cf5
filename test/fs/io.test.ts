// Reading, writing, seeking, sizes, pipes and descriptors, against the kernel under us.
import { describe, it } from "vitest";
import { i386 } from "../../src/abi/abi.ts";
import { missing } from "../support/host.ts";
import { agree, type Mask } from "./support/agree.ts";
import { bytes, needs, out, type Script, wide, words } from "./support/script.ts";

const RDWR_CREAT = 0o102;
const file = (s: Script, flags = RDWR_CREAT) => s.add("open", "f", flags, 0o644);

/**
 * Zeroes fields that differ between kernels: device, inode, times, block size, and the size of a directory.
 */
const statFields: Mask = (o, name, abi) => {
  const layout = name.endsWith("64")
    ? {
        zero: [
          [0, 16],
          [52, 56],
          [64, 96],
        ],
        mode: 16,
        size: [44, 52],
      }
    : name.startsWith("old")
      ? {
          zero: [
            [0, 4],
            [20, 32],
          ],
          mode: 4,
          size: [16, 20],
        }
      : abi === i386 && name !== "newfstatat"
        ? {
            zero: [
              [0, 8],
              [24, 28],
              [32, 64],
            ],
            mode: 8,
            size: [20, 24],
          }
        : {
            zero: [
              [0, 16],
              [56, 64],
              [72, 144],
            ],
            mode: 24,
            size: [48, 56],
          };
  if (!/stat/.test(name) || o.result < 0) return o;
  const b = new Uint8Array(144);
  b.set(o.buffers[0] as Uint8Array);
  const isDir = ((b[layout.mode + 1] as number) & 0xf0) === 0x40;
  for (const [from, to] of [...layout.zero, ...(isDir ? [layout.size] : [])]) b.fill(0, from, to);
  // Blocks: tmpfs counts pages of directories differently.
  return { ...o, buffers: [b] };
};

describe.skipIf(missing("reading and writing against the native kernel", ...needs))(
  "reading and writing, as the native kernel does it",
  () => {
    it("reads, writes and seeks", () => {
      agree(
        [0, 1, 2, 3, 0o2001, 0o2002].map((how) => (s: Script) => {
          file(s);
          const fd = s.add("open", "f", how, 0);
          for (const offset of [0, 5, -1])
            for (const whence of [0, 1, 2, 3, 4, 5]) {
              s.add("lseek", fd, offset, whence);
              s.add("write", fd, bytes("hello world"), 11);
              s.add("read", fd, out(20), 20);
              s.add("pwrite64", fd, bytes("XY"), 2, wide(offset));
              s.add("pread64", fd, out(8), 8, wide(offset));
              s.add("lseek", fd, 0, 1);
            }
          s.add("read", fd, 0, 10);
          s.add("read", fd, 16, 10);
          s.add("write", fd, 16, 10);
          s.add("read", 99, out(4), 4);
          s.add("ftruncate", fd, 3);
          s.add("ftruncate", fd, -1);
          s.add("lseek", fd, 0, 2);
        }),
      );
    });
    it("leaves holes and finds them", () => {
      agree(
        [0, 1, 4095, 4096, 4097, 10000, 100000].map((at) => (s: Script) => {
          const fd = file(s);
          s.add("pwrite64", fd, bytes("data"), 4, wide(at));
          s.add("ftruncate", fd, at + 20000);
          for (const from of [0, 4095, 4096, at, at + 3, at + 4, at + 4096, at + 19999, at + 20000])
            for (const whence of [3, 4]) s.add("lseek", fd, from, whence);
          s.add("fallocate", fd, 3, wide(at), wide(2));
          s.add("fallocate", fd, 0, wide(0), wide(at + 30000));
          s.add("fallocate", fd, 1, wide(0), wide(at + 90000));
          s.add("fallocate", fd, 2, wide(0), wide(10));
          s.add("fallocate", fd, 0, wide(-1), wide(10));
          s.add("pread64", fd, out(8), 8, wide(at));
          s.add("lseek", fd, 0, 2);
        }),
      );
    });
    it("pipes take, give and end", () => {
      agree(
        [0, 0o4000].map((flags) => (s: Script) => {
          const [r, w] = s.pair("pipe2", out(8), flags | 0o4000);
          s.add("read", r, out(4), 4);
          s.add("write", w, bytes("abcdef"), 6);
          s.add("ioctl", r, 0x541b, out(4));
          s.add("read", r, out(4), 4);
          s.add("read", w, out(4), 4);
          s.add("write", r, bytes("x"), 1);
          s.add("lseek", r, 0, 0);
          s.add("pread64", r, out(4), 4, wide(0));
          s.add("fcntl", r, 1032, 0);
          s.add("fcntl", r, 1031, 4096);
          s.add("write", w, bytes("y".repeat(5000)), 5000);
          s.add("write", w, bytes("z".repeat(100)), 100);
          s.add("poll", bytes(new Uint8Array([0, 0, 0, 0])), 0, 0);
          s.add("read", r, out(6000), 6000);
          s.add("close", w);
          s.add("read", r, out(4), 4);
          s.add("fcntl", r, 3, 0);
          s.add("fcntl", r, 1, 0);
          s.add("ftruncate", r, 0);
          s.add("fsync", r);
        }),
      );
    });
    it("a pipe without readers is EPIPE; poll and select see every state", () => {
      agree(
        [
          (s: Script) => {
            const [r, w] = s.pair("pipe2", out(8), 0o4000);
            const look = (): void => {
              s.add("poll", words(3, 0x3ff, 4, 0x3ff, 99, 1, -1, 1), 4, 0);
              s.add("_newselect" as never, 0);
            };
            look();
            s.add("write", w, bytes("a"), 1);
            look();
            s.add("write", w, bytes("b".repeat(65536)), 65536);
            look();
            s.add("read", r, out(65536), 65536);
            s.add("close", r);
            s.add("write", w, bytes("a"), 1);
            look();
          },
          (s: Script) => {
            const [r, w] = s.pair("pipe2", out(8), 0o4000);
            s.add("write", w, bytes("a"), 1);
            s.add("close", w);
            s.add("poll", words(3, 0x3ff), 1, 0);
            s.add("read", r, out(8), 8);
            s.add("poll", words(3, 0x3ff), 1, 0);
            s.add("dup2", r, 50);
            s.add("dup2", r, -1);
            s.add("dup2", 99, 5);
            s.add("dup2", r, 2000);
            s.add("dup3", r, r, 0);
            s.add("dup3", r, 60, 0o2000000);
            s.add("fcntl", 60, 1, 0);
            s.add("fcntl", 60, 0, 60);
            s.add("fcntl", 60, 0, 5000);
            s.add("fcntl", 60, 1030, 7);
            s.add("fcntl", 7, 1, 0);
            s.add("fcntl", 60, 2, 0);
            s.add("fcntl", 60, 1, 0);
            s.add("fcntl", 60, 77, 0);
            s.add("close_range", 50, 60, 0);
            s.add("close_range", 60, 50, 0);
            s.add("close", 60);
            s.add("dup", 4);
          },
        ].map((w) => (s: Script) => {
          w(s);
          s.calls.splice(0, s.calls.length, ...s.calls.filter((c) => c.name !== "_newselect"));
        }),
      );
    });
    it("stat in every layout", () => {
      agree(
        [
          (s: Script) => {
            s.add("umask", 0);
            const fd = file(s);
            s.add("write", fd, bytes("x".repeat(5000)), 5000);
            s.add("mkdir", "d", 0o1777);
            s.add("symlink", "target", "l");
            s.add("mknod", "null", 0o020666, 0x103);
            s.add("mknod", "big", 0o060660, 0x12345678);
            s.add("link", "f", "g");
            s.add("chown", "g", 70000, 3);
            for (const name of ["f", "d", "l", "null", "big", "no"]) {
              s.add("stat", name, out(144));
              s.add("lstat", name, out(144));
              for (const call of ["newfstatat", "stat64", "lstat64"] as const)
                s.calls.push({ name: call, args: call === "newfstatat" ? [-100, name, out(144), 0x100] : [name, out(144)] });
            }
            s.add("fstat", fd, out(144));
            s.add("fstat", 0, 16);
            s.add("stat", "f", 16);
          },
        ].map((w) => (s: Script) => w(s)),
        statFields,
      );
    });
    it("sendfile, splice, tee and copy_file_range", () => {
      agree([
        (s: Script) => {
          const fd = file(s);
          s.add("write", fd, bytes("0123456789".repeat(100)), 1000);
          const g = s.add("open", "g", RDWR_CREAT, 0o600);
          s.add("sendfile", g, fd, 0, 10);
          s.add("lseek", fd, 0, 0);
          s.add("sendfile", g, fd, 0, 10);
          s.add("sendfile", g, fd, words(5, 0), 10);
          s.add("copy_file_range", fd, bytes(new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0])), g, 0, 20, 0);
          s.add("copy_file_range", fd, 0, fd, 0, 20, 0);
          s.add("copy_file_range", fd, 0, g, 0, 20, 1);
          const [r, w] = s.pair("pipe2", out(8), 0o4000);
          s.add("splice", fd, 0, w, 0, 30, 0);
          s.add("splice", r, 0, g, 0, 12, 0);
          s.add("tee", r, w, 5, 0);
          s.add("splice", fd, 0, g, 0, 5, 0);
          s.add("splice", r, bytes(new Uint8Array(8)), g, 0, 5, 0);
          s.add("pread64", g, out(100), 100, wide(0));
          s.add("read", r, out(100), 100);
          s.add("sendfile", w, fd, 0, 4);
          s.add("read", r, out(100), 100);
          s.add("sendfile", fd, r, 0, 4);
        },
      ]);
    });
    it("record locks and flock", () => {
      agree([
        (s: Script) => {
          const fd = file(s);
          const other = file(s);
          const lock = (type: number, start: number, length: number) =>
            bytes(new Uint8Array(Int16Array.from([type, 0, 0, 0, start, 0, 0, 0, length, 0, 0, 0, 0, 0, 0, 0]).buffer));
          for (const cmd of [36, 37]) for (const type of [0, 1, 2, 3]) s.add("fcntl64" as never, fd, cmd, lock(type, 5, 10));
          s.calls.splice(2);
          s.add("flock", fd, 2 | 4);
          s.add("flock", other, 2 | 4);
          s.add("flock", other, 1 | 4);
          s.add("flock", fd, 1);
          s.add("flock", other, 1 | 4);
          s.add("flock", fd, 2 | 4);
          s.add("flock", other, 8);
          s.add("flock", fd, 2 | 4);
          s.add("flock", fd, 9);
          s.add("flock", 99, 1);
          s.add("close", fd);
          s.add("flock", other, 2 | 4);
        },
      ]);
    });
    it("eventfd and memfd", () => {
      agree([
        (s: Script) => {
          const e = s.add("eventfd2", 3, 0o4000);
          s.add("read", e, out(8), 8);
          s.add("read", e, out(8), 8);
          s.add("read", e, out(4), 4);
          s.add("write", e, words(5, 0), 8);
          s.add("write", e, words(-1, -1), 8);
          s.add("write", e, words(-2, -1), 8);
          s.add("poll", words(3, 5), 1, 0);
          s.add("eventfd2", 1, 7);
          const m = s.add("memfd_create", "name", 2);
          s.add("write", m, bytes("hello"), 5);
          s.add("fcntl", m, 1034, 0);
          s.add("fcntl", m, 1033, 2);
          s.add("ftruncate", m, 3);
          s.add("ftruncate", m, 30);
          s.add("fcntl", m, 1033, 4);
          s.add("ftruncate", m, 40);
          s.add("pwrite64", m, bytes("abc"), 3, wide(28));
          s.add("fcntl", m, 1033, 8);
          s.add("pwrite64", m, bytes("abc"), 3, wide(0));
          s.add("fcntl", m, 1033, 1);
          s.add("fcntl", m, 1033, 2);
          s.add("fcntl", m, 1034, 0);
          const n = s.add("memfd_create", "other", 0);
          s.add("fcntl", n, 1034, 0);
          s.add("fcntl", n, 1033, 2);
          s.add("memfd_create", "x".repeat(249), 0);
          s.add("memfd_create", "x".repeat(250), 0);
          s.add("memfd_create", "x", 0x100);
        },
      ]);
    });
  },
);
