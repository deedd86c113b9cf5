// The line discipline, seen through pseudo-terminals: input, echo and reads, against the native kernel.
import { describe, it } from "vitest";
import { missing } from "../support/host.ts";
import { agree } from "./support/agree.ts";
import { type Arg, bytes, needs, out, type Script, words } from "./support/script.ts";

const O_RDWR_NONBLOCK = 0o4002;
const O_NOCTTY = 0o400;
const TCGETS = 0x5401;
const TCSETS = 0x5402;
const TCSETSF = 0x5404;

/** A fresh pair, neither side ever blocking. */
const pair = (s: Script): { master: Arg; slave: Arg } => {
  s.add("mkdir", "pts", 0o755);
  s.add("mount", "none", "pts", "devpts", 0, "newinstance,ptmxmode=0666");
  const master = s.add("open", "pts/ptmx", O_RDWR_NONBLOCK | O_NOCTTY, 0);
  s.add("ioctl", master, 0x40045431, words(0));
  s.add("ioctl", master, 0x80045430, out(4));
  return { master, slave: s.add("open", "pts/0", O_RDWR_NONBLOCK | O_NOCTTY, 0) };
};
/** struct termios with the standard settings, except for the given ones. */
const settings = (change: { iflag?: number; oflag?: number; lflag?: number; cc?: Record<number, number> }): Arg => {
  const b = new Uint8Array(36);
  const v = new DataView(b.buffer);
  [change.iflag ?? 0o2400, change.oflag ?? 5, 0o277, change.lflag ?? 0o105073].forEach((x, i) => {
    v.setUint32(4 * i, x, true);
  });
  b.set([3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0], 17);
  for (const [i, c] of Object.entries(change.cc ?? {})) b[17 + Number(i)] = c;
  return bytes(b);
};
/** Types, then reads the output on both sides. */
const type = (s: Script, { master, slave }: ReturnType<typeof pair>, typed: string, reads = 2): void => {
  s.add("write", master, bytes(typed), typed.length);
  s.add("read", master, out(200), 200);
  s.add("ioctl", slave, 0x541b, out(4));
  for (let i = 0; i < reads; i++) s.add("read", slave, out(100), 100);
};
const L = { ISIG: 1, ICANON: 2, ECHO: 8, ECHOE: 16, ECHOK: 32, ECHONL: 64, ECHOCTL: 512, ECHOKE: 2048, IEXTEN: 32768 };
const cooked = 0o105073;

describe.skipIf(missing("terminals against the native kernel", ...needs))("terminals, as the native kernel has them", () => {
  it("edits lines", () => {
    const lines = [
      "hello\n",
      "abc\x7f\x7fX\n",
      "one two\x17three\n",
      "kill\x15me\n",
      "a\x04b\x04",
      "\x04",
      "x\x16\x03y\n",
      "tab\tx\x7f\x7f\n",
      "\x01\x7f\n",
      "re\x12draw\n",
      "a\rb\n",
      "two\nlines\n",
      "partial",
    ];
    const flags = [
      cooked,
      cooked & ~L.ECHO,
      cooked & ~L.ECHOCTL,
      cooked & ~L.ECHOE,
      cooked & ~L.ECHOKE,
      (cooked & ~L.ECHO) | L.ECHONL,
      cooked & ~L.IEXTEN,
      cooked & ~L.ISIG,
    ];
    agree(
      flags.flatMap((lflag) =>
        lines.map((line) => (s: Script) => {
          const p = pair(s);
          s.add("ioctl", p.slave, TCSETS, settings({ lflag }));
          type(s, p, line);
        }),
      ),
    );
  });
  it("maps what goes in", () => {
    agree(
      [0, 0o400, 0o200, 0o100, 0o300, 0o500, 0o40, 0o2000].map((iflag) => (s: Script) => {
        const p = pair(s);
        s.add("ioctl", p.slave, TCSETS, settings({ iflag, lflag: 0 }));
        type(s, p, "a\rb\nc\x80\x13\x11d");
      }),
    );
  });
  it("maps what goes out", () => {
    agree(
      [0, 1, 5, 0o10 | 1, 0o20 | 1, 0o40 | 1, 0o14001, 0o14005].map((oflag) => (s: Script) => {
        const p = pair(s);
        s.add("ioctl", p.slave, TCSETS, settings({ oflag }));
        for (const text of ["a\nb\n", "x\ty\tz\n", "\r\rq\rw", "12345678\t9\n", "a\bb\tc"]) {
          s.add("write", p.slave, bytes(text), text.length);
          s.add("read", p.master, out(100), 100);
        }
      }),
    );
  });
  it("counts bytes in raw mode: VMIN and VTIME", () => {
    agree(
      [
        [1, 0],
        [0, 0],
        [3, 0],
      ].map(([min, time]) => (s: Script) => {
        const p = pair(s);
        s.add("ioctl", p.slave, TCSETS, settings({ lflag: 0, cc: { 6: min as number, 5: time as number } }));
        const look = (): void => {
          s.add("poll", words(3, 5, 4, 5), 2, 0);
        };
        look();
        s.add("write", p.master, bytes("ab"), 2);
        look();
        s.add("read", p.slave, out(1), 1);
        s.add("write", p.master, bytes("cdef"), 4);
        look();
        s.add("read", p.slave, out(10), 10);
        s.add("read", p.slave, out(10), 10);
      }),
    );
  });
  it("answers ioctls, and ends when a side is gone", () => {
    agree([
      (s: Script) => {
        const p = pair(s);
        s.add("ioctl", p.slave, TCGETS, out(36));
        s.add("ioctl", p.slave, 0x5413, out(8));
        s.add("ioctl", p.master, 0x5414, bytes(new Uint8Array([24, 0, 80, 0, 0, 0, 0, 0])));
        s.add("ioctl", p.slave, 0x5413, out(8));
        for (const request of [0x540f, 0x5429, 0x5410, 0x5422]) s.add("ioctl", p.slave, request, words(1));
        s.add("ioctl", p.slave, 0x540e, 0);
        s.add("ioctl", p.slave, 0x540e, 0);
        s.add("ioctl", p.slave, 0x5424, out(4));
        s.add("ioctl", p.slave, 0x1234, 0);
        s.add("ioctl", p.slave, TCGETS, 8);
        s.add("ioctl", p.slave, TCSETS, 8);
        s.add("write", p.master, bytes("typed"), 5);
        // The echo tells that the line discipline has seen it.
        s.add("read", p.master, out(20), 20);
        s.add("ioctl", p.slave, TCSETSF, settings({}));
        s.add("write", p.master, bytes("more\n"), 5);
        s.add("read", p.slave, out(20), 20);
        s.add("close", p.slave);
        s.add("read", p.master, out(20), 20);
        s.add("read", p.master, out(20), 20);
        s.add("poll", words(3, 5), 1, 0);
      },
      (s: Script) => {
        const p = pair(s);
        s.add("write", p.master, bytes("left\n"), 5);
        s.add("close", p.master);
        s.add("poll", words(4, 5), 1, 0);
        s.add("read", p.slave, out(20), 20);
        s.add("write", p.slave, bytes("x"), 1);
        s.add("ioctl", p.slave, TCGETS, out(36));
      },
    ]);
  });
});
