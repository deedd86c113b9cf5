// Random filters from a seed: some near the limits of the checker, and valid ones that show their result.
import { BPF, checkFilter, type Insn, jump, type Program, type SyscallData, stmt, upstream, v6 } from "../../src/seccomp/index.ts";

export interface Random {
  /** 0 <= n < below */
  below(below: number): number;
  u32(): number;
  pick<T>(from: readonly T[]): T;
  chance(probability: number): boolean;
}
/** splitmix32: a state of one word, good enough to spread cases. */
export const random = (seed: number): Random => {
  let state = seed >>> 0;
  const u32 = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  const below = (n: number): number => u32() % n;
  return {
    u32,
    below,
    pick: <T>(from: readonly T[]): T => from[below(from.length)] as T,
    chance: (p) => u32() < p * 2 ** 32,
  };
};

// biome-ignore format: table
const edges = [0, 1, 2, 3, 4, 7, 8, 12, 15, 16, 31, 32, 33, 60, 61, 63, 64, 65, 255, 256, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_efff,
  0xffff_f000, 0xffff_f004, 0xffff_f024, 0xffff_f03c, 0xffff_f040, 0xffff_f100, 0xffff_fffc, 0xffff_ffff, 0xc000_003e, 0x4000_0003];
const value = (r: Random): number => (r.chance(0.7) ? r.pick(edges) : r.chance(0.5) ? r.below(100) : r.u32());

/** Everything Linux has ever had in classic BPF, and a little that it has not. */
const everyCode = Array.from({ length: 256 }, (_, code) => code);
const loads = [BPF.LD | BPF.W | BPF.ABS, BPF.LD | BPF.W | BPF.LEN, BPF.LDX | BPF.W | BPF.LEN, BPF.LD | BPF.IMM, BPF.LDX | BPF.IMM];
const memory = [BPF.LD | BPF.MEM, BPF.LDX | BPF.MEM, BPF.ST, BPF.STX];
const moves = [BPF.MISC | BPF.TAX, BPF.MISC | BPF.TXA, BPF.ALU | BPF.NEG];
const arithmetic = [BPF.ADD, BPF.SUB, BPF.MUL, BPF.DIV, BPF.OR, BPF.AND, BPF.LSH, BPF.RSH, BPF.XOR];
const branches = [BPF.JEQ, BPF.JGT, BPF.JGE, BPF.JSET];
const source = (r: Random): number => r.pick([BPF.K, BPF.X]);

/** An instruction that the checker takes, for the most part, with `left` instructions after it. */
const likely = (r: Random, left: number): Insn => {
  const kind = r.below(10);
  if (kind < 3) {
    const code = r.pick(loads);
    return stmt(code, code === (BPF.LD | BPF.W | BPF.ABS) ? r.below(16) * 4 : value(r));
  }
  if (kind < 4) return stmt(r.pick(memory), r.below(4));
  if (kind < 5) return stmt(r.pick(moves));
  if (kind < 7) {
    const field = r.pick(arithmetic);
    const shift = field === BPF.LSH || field === BPF.RSH;
    return stmt(BPF.ALU | field | source(r), shift ? r.below(32) : value(r));
  }
  if (left === 0) return stmt(BPF.RET | BPF.K, r.u32());
  // Mostly near: far jumps would skip most of the program.
  const distance = () => r.below(Math.min(left, r.pick([2, 4, 256])));
  if (kind < 9) return jump(BPF.JMP | r.pick(branches) | source(r), value(r), distance(), distance());
  return stmt(BPF.JMP | BPF.JA, distance());
};

/** Instructions one step inside or outside the limits of the checker. */
const doubtful: readonly ((r: Random, left: number) => Insn)[] = [
  (r) => stmt(r.pick(memory), 14 + r.below(4)),
  (r) => stmt(BPF.LD | BPF.W | BPF.ABS, 52 + r.below(16)),
  (r) => stmt(BPF.ALU | r.pick([BPF.LSH, BPF.RSH]) | BPF.K, 30 + r.below(4)),
  (r) => stmt(BPF.ALU | r.pick([BPF.DIV, BPF.MOD]) | source(r), r.below(2)),
  (r, left) => stmt(BPF.JMP | BPF.JA, Math.max(0, left - r.below(3))),
  (r, left) => jump(BPF.JMP | r.pick(branches) | source(r), 0, r.below(3), Math.min(255, Math.max(0, left - r.below(3)))),
];
const anything = (r: Random): Insn => ({
  code: r.chance(0.9) ? r.pick(everyCode) : r.below(0x10000),
  jt: r.below(4),
  jf: r.below(4),
  k: value(r),
});
const wild = (r: Random, left: number): Insn => (r.chance(0.6) ? r.pick(doubtful)(r, left) : anything(r));

const ret = (r: Random): Insn => stmt(BPF.RET | r.pick([BPF.K, BPF.K, BPF.A]), r.u32());

/**
 * A program of which about half are taken: one instruction in twenty is at the edge or anything at all,
 * lengths reach over both ends.
 */
export const doubtfulProgram = (r: Random): Program => {
  if (r.chance(0.001)) return [];
  const length = r.chance(0.0005) ? 4095 + r.below(3) : 1 + r.below(r.pick([3, 12, 40]));
  // Cells that later loads find.
  const stores = r.chance(0.7) ? [0, 1, 2, 3].map((k) => stmt(BPF.ST, k)) : [];
  const body = Array.from({ length }, (_, i) => (r.chance(0.05) ? wild(r, length - i - 1) : likely(r, length - i)));
  return [...stores.slice(0, length - 1), ...body.slice(0, -1), r.chance(0.97) ? ret(r) : wild(r, 0)];
};

const TRAP = 0x0003_0000;
// biome-ignore format: table
const results = [0x0005_0000, 0x0005_0001, 0x0005_0026, 0x0005_0fff, 0x0005_1000, 0x0005_ffff, TRAP, 0x0003_ffff, 0x7fff_0000, 0x7fff_1234,
  0x7ff0_0000, 0x7ff0_0001, 0x7fc0_0000, 0x7fc0_0005];
const deadly = [0, 0x8000_0000, 0x0000_0001, 0x0001_0000, 0x7ffb_0000, 0xffff_ffff];

/** The word that says which half of A the epilogue shows: args[5], upper half. */
const SELECTOR = 60;
/** Shows A through si_errno, 16 bits at a time. */
const epilogue: Program = [
  stmt(BPF.ST, 15),
  stmt(BPF.LD | BPF.W | BPF.ABS, SELECTOR),
  jump(BPF.JMP | BPF.JSET | BPF.K, 1, 2, 0),
  stmt(BPF.LD | BPF.MEM, 15),
  jump(BPF.JMP | BPF.JA, 2, 0, 0),
  stmt(BPF.LD | BPF.MEM, 15),
  stmt(BPF.ALU | BPF.RSH | BPF.K, 16),
  stmt(BPF.ALU | BPF.AND | BPF.K, 0xffff),
  stmt(BPF.ALU | BPF.OR | BPF.K, TRAP),
  stmt(BPF.RET | BPF.A),
];

/** A program that passes the checker and mostly returns its computed value. */
export const checkedProgram = (r: Random): Program => {
  for (;;) {
    const length = 1 + r.below(r.pick([6, 20, 60]));
    const stores = [0, 1, 2, 3].map((k) => stmt(r.pick([BPF.ST, BPF.STX]), k));
    const show = r.chance(0.6) ? [stmt(BPF.ALU | BPF.XOR | BPF.X)] : [];
    const body = Array.from({ length }, (_, i): Program => {
      if (r.chance(0.02)) return [stmt(BPF.RET | BPF.K, r.chance(0.93) ? r.pick(results) : r.pick(deadly))];
      if (r.chance(0.1)) return [stmt(BPF.LDX | BPF.IMM, value(r)), stmt(BPF.ALU | r.pick(arithmetic) | BPF.X)];
      return [likely(r, length - i)];
    });
    const program = [...stores, ...body.flat(), ...show, ...epilogue];
    if (!checkFilter(upstream, program)) return program;
  }
};

const packetLoads = [BPF.W, BPF.H, BPF.B].flatMap((width) => [BPF.LD | width | BPF.ABS, BPF.LD | width | BPF.IND]);

/**
 * A program that Linux 3.3, and so the v6 patch, takes: loads of any width and place, shifts by any count.
 */
export const v6Program = (r: Random): Program => {
  for (;;) {
    const length = 1 + r.below(r.pick([6, 20, 60]));
    const stores = [0, 1, 2, 3].map((k) => stmt(BPF.ST, k));
    const body = Array.from({ length }, (_, i) => {
      const kind = r.below(20);
      if (kind < 5) return stmt(r.pick(packetLoads), r.chance(0.9) ? r.below(60) : value(r));
      if (kind < 6) return stmt(BPF.LDX | BPF.B | BPF.MSH, r.below(57));
      if (kind < 7) return stmt(BPF.LDX | BPF.IMM, r.below(60));
      if (kind < 8) return stmt(BPF.ALU | r.pick([BPF.LSH, BPF.RSH]) | BPF.K, r.below(70));
      return likely(r, length - i);
    });
    const program = [...stores, ...body, stmt(BPF.RET | BPF.A)];
    if (!checkFilter(v6, program)) return program;
  }
};

// Calls that do nothing if they are let through, and numbers that no ABI has.
const harmless = { x64: [39, 102, 104, 107, 108, 110, 186], i386: [20, 64, 65, 199, 200, 201, 202] } as const;
export interface Case {
  readonly door: "syscall" | "int80";
  readonly data: SyscallData;
  /** True if the number is a call that exists, so that it succeeds when allowed. */
  readonly exists: boolean;
}
const number = (r: Random, known: readonly number[]): { nr: number; exists: boolean } => {
  if (r.chance(0.5)) return { nr: r.pick(known), exists: true };
  return {
    nr: r.pick([-1, -38, 1000 + r.below(1000), 0x4000_0000 + 1000 + r.below(100), 0x7fff_ffff, r.u32() | 0x8000_0000]) | 0,
    exists: false,
  };
};
/** One system call as data; the instruction pointer is where the judge can map a page. */
export const randomCase = (r: Random): Case => {
  const door = r.pick(["syscall", "int80"] as const);
  const args = Uint32Array.from({ length: 12 }, () => value(r));
  const arch = door === "syscall" ? 0xc000_003e : 0x4000_0003;
  const { nr, exists } = number(r, door === "syscall" ? harmless.x64 : harmless.i386);
  const ipHi = r.pick([0, 1, 0x1234, 0x4fff]);
  // Above the judge's heap, which Linux puts up to 1 GiB behind the program.
  const ipLo = 0x6000_0000 + r.below(0x8000_0000);
  return { door, exists, data: { nr, arch, ipLo, ipHi, args } };
};
