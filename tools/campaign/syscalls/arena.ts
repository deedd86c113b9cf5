// The arena: one page after the other of well-formed structures for pointers to point to, in the layouts of
// both widths. Layouts: man pages of the calls; /usr/include/asm, linux.

import { encodeProgram, type Program } from "../../../src/seccomp/index.ts";
import type { Random } from "../../oracle/random.ts";
import { random as bpfRandom, checkedProgram } from "../../seccomp/random.ts";
import { ARENA_SIZE, at } from "./script.ts";

export type Width = 4 | 8;
// biome-ignore format: table
export const objects = [
  "path", "text", "buffer", "words", "timespec", "timeval", "timespec64", "itimerspec", "sigset", "sigset+size", "sigaction", "stack", "rlimit", "iovec", "msghdr",
  "mmsghdr", "pollfd", "fdset", "sockaddr", "epoll", "sigevent", "clone", "how", "desc", "fprog", "cap", "argv", "siginfo", "flock", "robust", "sched",
  "keytype",
] as const;
export type ObjectName = (typeof objects)[number];
export type Places = Readonly<Record<ObjectName, readonly number[]>>;

export const paths = [
  "d",
  "f",
  "d/g",
  "new",
  "d/new",
  "link",
  "loop",
  ".",
  "..",
  "",
  "/",
  "/proc/self/status",
  "/proc/self/maps",
  "/proc/self/fd/3",
];
/** Names that lead nowhere but to files of the script's own folder: those that a native run may use. */
export const ownPaths = paths.slice(0, 9);
// biome-ignore format: table
const hostilePaths = [
  "/dev/zero", "/dev/null", "/dev/urandom", "/dev/full", "/dev/ptmx", "/proc/self/mem", "/proc/self/exe", "/proc/1/root", "/proc/sys/kernel/ostype", "/proc/self/task",
  "x/".repeat(600), "n".repeat(256), "d/../d/../f", "f/", "//", "/dev/shm/x", "/tmp",
];

class Builder {
  readonly bytes = new Uint8Array(ARENA_SIZE);
  readonly #view = new DataView(this.bytes.buffer);
  #next = 0;
  readonly random: Random;
  constructor(random: Random) {
    this.random = random;
  }
  /** Words of 4 or 8 bytes, one after the other; the address. */
  put(...words: readonly (readonly [size: 1 | 2 | 4 | 8, value: number | bigint])[]): number {
    this.#next = (this.#next + 7) & ~7;
    const start = this.#next;
    for (const [size, value] of words) {
      const v = BigInt.asUintN(64, BigInt(value));
      for (let i = 0; i < size; i++) this.#view.setUint8(this.#next++, Number((v >> BigInt(8 * i)) & 0xffn));
    }
    return at.arena + start;
  }
  text(text: string): number {
    return this.data(new TextEncoder().encode(`${text}\0`));
  }
  data(bytes: Uint8Array): number {
    const start = this.#next;
    this.bytes.set(bytes, start);
    this.#next += bytes.length;
    return at.arena + start;
  }
  room(size: number): number {
    const start = (this.#next + 7) & ~7;
    this.#next = start + size;
    return at.arena + start;
  }
}

const nanoseconds = (r: Random): number => r.pick([0, 1, 1000, 1_000_000, 999_999_999, 1_000_000_000, -1, 50_000]);
const seconds = (r: Random): number => r.pick([0, 0, 0, 1, 2, -1, 0x7fff_ffff]);
const set = (r: Random): bigint => r.pick([0n, 1n << 9n, 0xffff_ffff_ffff_ffffn, 0x4000n, BigInt(r.u32()), 1n << BigInt(r.below(64))]);

/** The program ends by letting the call through, mostly: a filter that kills at once shows nothing. */
const filter = (r: Random): Program => {
  const program = checkedProgram(bpfRandom(r.u32()));
  return r.chance(0.5) ? program : [...program.slice(0, -10), { code: 6, jt: 0, jf: 0, k: 0x7fff_0000 }];
};

interface Common {
  readonly paths: readonly number[];
  readonly buffer: number;
  readonly keytypes: readonly number[];
  readonly program: { readonly address: number; readonly length: number };
}

const structures = (b: Builder, w: Width, { buffer, program, paths: names, keytypes }: Common): Places => {
  const r = b.random;
  const L = (v: number | bigint): readonly [Width, number | bigint] => [w, v];
  const I = (v: number | bigint): readonly [4, number | bigint] => [4, v];
  const some = (n: number, make: () => number): readonly number[] => Array.from({ length: n }, make);
  const iovecOf = (n: number): number =>
    b.put(
      ...Array.from({ length: n }, () => [L(r.chance(0.9) ? buffer + r.below(64) : at.nothing), L(r.pick([0, 1, 7, 100, 512]))]).flat(),
    );
  const iovec = some(2, () => iovecOf(4));
  const sockaddr = [
    b.put([2, 1], [2, 0x6161 + r.below(4)], [8, 0]),
    b.put([2, 1], [8, 0x626100], [8, 0]),
    b.put([2, 2], [2, 0x5000], [4, 0x0100_007f], [8, 0]),
  ];
  const sets = some(3, () => b.put([8, set(r)]));
  const control = b.put(L(w + 12), I(1), I(1), I(r.below(8)), I(0));
  const header = () => [
    L(r.chance(0.5) ? 0 : r.pick(sockaddr)),
    I(16),
    ...(w === 8 ? [I(0)] : []),
    L(r.pick(iovec)),
    L(r.below(5)),
    L(r.chance(0.5) ? control : 0),
    L(w + 12),
    I(0),
    ...(w === 8 ? [I(0)] : []),
  ];
  const handler = r.pick([0, 1, at.arena, 0x400000]);
  return {
    path: names,
    text: names,
    keytype: keytypes,
    buffer: [buffer, buffer + 64, at.scratch, at.scratch + 0x1000],
    words: [b.put([8, 0], [8, 0]), b.put([8, r.word()], [8, r.word()]), b.put([4, r.below(8)], [4, 0])],
    timespec: some(3, () => b.put(L(seconds(r)), L(nanoseconds(r)), L(seconds(r)), L(nanoseconds(r)))),
    timeval: some(2, () => b.put(L(seconds(r)), L(r.pick([0, 1, 999_999, 1_000_000, -1])), L(0), L(1))),
    timespec64: some(2, () => b.put([8, seconds(r)], [8, nanoseconds(r)], [8, seconds(r)], [8, nanoseconds(r)])),
    itimerspec: some(2, () => b.put(L(0), L(nanoseconds(r)), L(seconds(r)), L(nanoseconds(r)))),
    sigset: sets,
    "sigset+size": [b.put(L(sets[0] as number), L(8)), b.put(L(0), L(8))],
    sigaction: some(2, () =>
      b.put(L(handler), L(r.pick([0, 4, 0x1000_0000, 0x4000_0000, 0x8000_0000, 0x0400_0000])), L(0x400000), [8, set(r)]),
    ),
    stack: [
      b.put(L(at.scratch), I(r.pick([0, 2, 4])), ...(w === 8 ? [I(0)] : []), L(r.pick([0, 2048, 8192]))),
      b.put(L(0), I(2), I(0), L(0)),
    ],
    rlimit: some(2, () => b.put(L(r.pick([0, 10, 100, 2 ** 20, -1])), L(r.pick([0, 100, 2 ** 20, -1])), [8, 0])),
    iovec,
    msghdr: some(2, () => b.put(...header())),
    mmsghdr: [b.put(...header(), I(0), ...(w === 8 ? [I(0)] : []), ...header(), I(0), I(0))],
    pollfd: [
      b.put(...Array.from({ length: 6 }, () => [I(r.below(16) - 1), [2, r.pick([0, 1, 4, 5, 0xffff])] as const, [2, 0] as const]).flat()),
    ],
    fdset: [b.put([8, r.pick([0, 0xff, 0x3f8, 1])], [8, 0]), b.put([8, r.u32()], [8, r.u32()])],
    sockaddr,
    epoll: [b.put(I(r.pick([1, 4, 5, 0x8000_0001, 0x4000_0001, 0x1000_0001, 0xffff_ffff])), [8, 7])],
    sigevent: [b.put(L(7), I(r.pick([0, 10, 14, 34, 64])), I(r.pick([0, 1, 2, 4])), I(r.below(4)))],
    clone: [
      b.put(
        [8, r.pick([0, 0x100, 0x50f00, 0x4111])],
        [8, at.scratch],
        [8, at.scratch],
        [8, at.scratch],
        [8, r.pick([0, 17, 10])],
        [8, r.chance(0.5) ? 0 : at.scratch],
        [8, 0x1000],
        [8, 0],
        [8, 0],
        [8, 0],
        [8, 0],
      ),
    ],
    how: [b.put([8, r.pick([0, 0x42, 0x200000, 0x10000])], [8, r.pick([0, 0o644])], [8, r.pick([0, 1, 2, 4, 8, 16, 32])])],
    desc: [b.put(I(r.pick([-1, 12, 13, 0])), I(r.u32()), I(0xfffff), I(r.below(256)))],
    fprog: some(2, () =>
      b.put(
        [2, program.length],
        ...(w === 8
          ? ([
              [2, 0],
              [4, 0],
            ] as const)
          : ([[2, 0]] as const)),
        L(program.address),
      ),
    ),
    cap: [b.put(I(0x2008_0522), I(0)), b.put(I(0x1998_0330), I(0)), b.put(I(r.u32()), I(r.u32()), I(r.u32()), I(r.u32()), I(0), I(0))],
    argv: [b.put(L(names[0] as number), L(names[1] as number), L(0)), b.put(L(0))],
    siginfo: [b.put(I(10), I(0), I(r.pick([-1, 0, -2, 1])), I(0), I(1), I(0), [8, 0]), at.scratch],
    flock: [b.put([2, r.below(3)], [2, r.below(3)], ...(w === 8 ? [I(0)] : []), L(r.pick([0, 5, -1])), L(r.pick([0, 10, -3])), [8, 0])],
    robust: [b.put(L(at.scratch), L(0), L(0))],
    sched: [b.put(I(r.pick([0, 1, 50, 99]))), b.put(I(48), I(r.below(7)), [8, 0], I(0), I(0), [8, 0], [8, 0], [8, 0])],
  };
};

export interface Arena {
  /** "/tmp": where the script begins. */
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly places: Readonly<Record<Width, Places>>;
}

export const makeArena = (random: Random, harmless: boolean): Arena => {
  const b = new Builder(random);
  const chosen = harmless ? ownPaths : [...paths, random.pick(hostilePaths), random.pick(hostilePaths)];
  const instructions = filter(random);
  const common: Common = {
    paths: chosen.map((path) => b.text(path)),
    keytypes: ["user", "keyring", "logon", "big_key", ".none"].map((type) => b.text(type)),
    buffer: b.room(1024),
    program: { address: b.data(encodeProgram(instructions)), length: instructions.length },
  };
  const places = { 4: structures(b, 4, common), 8: structures(b, 8, common) };
  return { start: b.text("/tmp"), bytes: b.bytes, places };
};
