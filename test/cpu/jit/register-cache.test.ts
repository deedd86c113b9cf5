// The register cache (register-cache.ts): generated functions with nested loops, with and without calls,
// merge points, and instructions that are compiled twice. Runs end in the middle because of the budget or a
// fault. Compiled code must agree with the interpreter.
import { beforeAll, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import {
  type LoopScope,
  type Moves,
  overlap,
  part,
  RegisterCache,
  type RegisterSet,
  union,
} from "../../../src/cpu/jit/analysis/register-cache.ts";
import { exit } from "../../../src/cpu/machine/exit.ts";
import { R, vector } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { Random } from "../../../tools/oracle/random.ts";
import { CODE, DATA, PAGE, plain, Twins } from "./twins.ts";

const SEEDS = 24;
const REGISTERS = 4;
const conditions = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"] as const;

/** A function in assembly. Loops end: each counts down in its own stack slot. */
class Writer {
  readonly #r: Random;
  readonly #mode: 32 | 64;
  readonly #lines: string[] = [];
  readonly #leaves: number;
  #labels = 0;
  #depth = 0;
  constructor(r: Random, mode: 32 | 64) {
    this.#r = r;
    this.#mode = mode;
    this.#leaves = r.below(3);
  }
  /** Its text; the first instruction is its entry, HLT its end. */
  write(): string {
    this.#body(3 + this.#r.below(3));
    this.#say("hlt");
    for (let n = 0; n < this.#leaves; n++) {
      this.#say(`leaf${n}:`);
      this.#some(1 + this.#r.below(4));
      if (this.#r.chance(0.5)) this.#branch();
      this.#say("ret");
    }
    return this.#lines.join("\n");
  }
  #say(...lines: string[]): void {
    this.#lines.push(...lines);
  }
  #body(length: number): void {
    for (let n = 0; n < length; n++) {
      const how = this.#r.below(10);
      if (how < 3 && this.#depth < 3) this.#loop();
      else if (how < 5) this.#branch();
      else if (how < 6 && this.#leaves > 0 && this.#r.chance(0.5)) this.#say(`call leaf${this.#r.below(this.#leaves)}`);
      else this.#some(1 + this.#r.below(6));
    }
  }
  #loop(): void {
    const [head, out] = [`l${this.#labels++}`, `l${this.#labels++}`];
    const counter = `dword ptr [${this.#wide("bp")}-${8 * (1 + this.#depth++)}]`;
    this.#say(`mov ${counter}, ${1 + this.#r.below(12)}`, `${head}:`);
    this.#body(1 + this.#r.below(3));
    if (this.#r.chance(0.4)) this.#say(`j${this.#r.pick(conditions)} ${out}`);
    if (this.#r.chance(0.3)) this.#some(2);
    this.#say(`sub ${counter}, 1`, `jg ${head}`, `${out}:`);
    this.#depth--;
  }
  #branch(): void {
    const [other, end] = [`l${this.#labels++}`, `l${this.#labels++}`];
    this.#say(`j${this.#r.pick(conditions)} ${other}`);
    this.#some(1 + this.#r.below(3));
    if (this.#r.chance(0.6)) {
      this.#say(`jmp ${end}`, `${other}:`);
      this.#some(1 + this.#r.below(3));
      this.#say(`${end}:`);
    } else this.#say(`${other}:`, `${end}:`);
  }
  #some(count: number): void {
    for (let n = 0; n < count; n++) this.#say(...this.#instruction());
  }
  #wide(name: string): string {
    return `${this.#mode === 64 ? "r" : "e"}${name}`;
  }
  #general(): string {
    const wide = this.#mode === 64 && this.#r.chance(0.6);
    const low = this.#r.pick(this.#mode === 64 ? ["ax", "cx", "dx", "8", "9", "10"] : ["ax", "cx", "dx"]);
    return /\d/.test(low) ? `r${low}${wide ? "" : "d"}` : `${wide ? "r" : "e"}${low}`;
  }
  /** Two of one width. */
  #pair(): [string, string] {
    for (;;) {
      const pair: [string, string] = [this.#general(), this.#general()];
      const [x, y] = pair.map((name) => /^r([a-z]{2}|\d+)$/.test(name));
      if (x === y) return pair;
    }
  }
  /** Operands near each other, mostly with one base register. */
  #place(): string {
    return `[${this.#wide(this.#r.pick(["bx", "bx", "bx", "si", "bp"]))}+${4 * this.#r.below(12)}]`;
  }
  #instruction(): string[] {
    const r = this.#r;
    const [a, b] = this.#pair();
    const [x, y] = [r.below(6), r.below(6)];
    const alu = r.pick(["add", "sub", "and", "or", "xor", "adc", "sbb", "cmp"]);
    const byte = r.pick(["al", "cl", "dl"]);
    switch (r.below(26)) {
      case 0:
      case 1:
        return [`${alu} ${a}, ${b}`];
      case 2:
        return [`${alu} ${a}, ${r.below(256) - 128}`];
      case 3:
        return [`${r.pick(["shl", "shr", "sar", "rol", "ror"])} ${a}, ${r.below(32)}`];
      case 4:
        return [`${r.pick(["inc", "dec", "neg", "not"])} ${a}`];
      case 5:
        return [`set${r.pick(conditions)} ${byte}`];
      case 6:
        return [`cmov${r.pick(conditions)} ${a}, ${b}`];
      case 7:
        return [`lea ${a}, [${this.#wide("bx")}+${r.below(100)}]`];
      case 8:
        return [`imul ${a}, ${b}`];
      case 9:
      case 10:
        return [`mov ${a}, ${this.#place()}`];
      case 11:
      case 12:
        return [`mov ${this.#place()}, ${a}`];
      case 13:
        return [`${alu} ${this.#place()}, ${a}`, `${alu} ${b}, ${this.#place()}`];
      case 14:
        return [`push ${this.#wide("ax")}`, `xchg ${a}, ${b}`, `pop ${this.#wide("dx")}`];
      case 15:
        return [`${r.pick(["addsd", "subsd", "mulsd"])} xmm${x}, xmm${y}`, `${r.pick(["addsd", "mulsd"])} xmm${y}, ${this.#place()}`];
      case 16:
        return [`movsd xmm${x}, ${this.#place()}`, `movsd ${this.#place()}, xmm${y}`, `ucomisd xmm${x}, xmm${y}`];
      case 17:
        return [`cvtsi2sd xmm${x}, ${a}`, `paddd xmm${y}, xmm${x}`];
      case 18:
        return [
          `fld qword ptr ${this.#place()}`,
          `fld qword ptr ${this.#place()}`,
          `${r.pick(["faddp", "fmulp"])} st1, st0`,
          `fstp qword ptr ${this.#place()}`,
        ];
      // Registers or flags that only one of two paths writes.
      case 19:
        return [`cmpxchg ${r.chance(0.5) ? a : this.#place()}, ${b}`];
      case 20:
        return [`${r.pick(["shl", "sar", "rol", "rcr"])} ${a}, cl`];
      case 21:
        return [r.chance(0.5) ? `${r.pick(["shld", "shrd"])} ${a}, ${b}, cl` : `${r.pick(["bsf", "bsr"])} ${a}, ${b}`];
      case 22:
        return [`cmpxchg8b qword ptr ${this.#place()}`];
      default:
        // Sometimes the pointer leaves the mapped pages.
        return [`add ${this.#wide(r.pick(["bx", "si"]))}, ${r.pick([4, 24, 100, 1000])}`];
    }
  }
}

describe.each([64, 32] as const)("registers of compiled %d-bit code", (mode) => {
  let code: CpuCode;
  beforeAll(async () => {
    code = await freshCode();
  });

  it("equal the interpreter's at every exit", { timeout: 120_000 }, () => {
    const twins = new Twins(code, mode);
    // Two pages for the pointers, one with the stack, and an unmapped page between them.
    for (const page of [0, 1, 3]) twins.map(page, plain(page));
    const stack = BigInt(DATA + 3 * PAGE + 2048);
    const set = (n: number, v: bigint): void => twins.each(({ state }) => void (state.u64[n] = mode === 64 ? v : v & 0xffff_ffffn));
    let faults = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const r = new Random(seed * 2 + mode);
      const source = new Writer(r, mode).write();
      const { bytes, labels } = assemble(source, { mode, at: CODE });
      twins.load(bytes);
      const doubles = Array.from({ length: 64 }, () => new Uint8Array(Float64Array.of((r.u32() - 2 ** 31) / 2 ** r.below(40)).buffer));
      twins.fill((n) => doubles[(n >> 3) & 63]![n & 7]!);
      const place = (): void => {
        for (const n of [R.bx, R.si]) set(n, BigInt(DATA + r.below(2 * PAGE)));
        set(R.bp, stack);
        set(R.sp, stack - 64n);
      };
      for (let round = 0; round < 8; round++) {
        // The last runs begin anywhere: in loops, and in leaf functions, which then return to an address
        // without code.
        const start = round < 6 ? CODE : r.pick([...labels.values()]);
        twins.each(({ state }) => void (state.rip = start));
        for (const n of [R.ax, R.cx, R.dx, R.r8, R.r9, R.r10]) set(n, mode === 64 || n < R.r8 ? r.word() : 0n);
        place();
        if (round === 1 || round === 6) twins.compile(start);
        for (let slice = 0; slice < 300; slice++) {
          const where = (): string => `seed ${seed}, round ${round}, slice ${slice}\n${source}`;
          const { why, vector: v, rip } = twins.run(1 + r.below(r.chance(0.3) ? 20 : 600), where);
          if (why !== exit.fault) continue;
          if (v !== vector.PF || rip < CODE || rip >= CODE + bytes.length) break;
          faults++;
          place();
        }
      }
    }
    expect(twins.regions).toBeGreaterThan(SEEDS);
    expect(faults).toBeGreaterThan(SEEDS / 2);
    expect(twins.compiledShare).toBeGreaterThan(0.1);
  });
});

/**
 * Steps that the register cache would emit, for a model of a machine: moves, operations, and one of two paths
 * at a time.
 */
type Step = () => void;
class Model implements Moves {
  readonly #r: Random;
  readonly cache: RegisterCache = new RegisterCache(this);
  /** The list that receives steps. */
  #list: Step[] = [];
  readonly #locals: number[] = [];
  readonly #page: number[] = [];
  /** The latest value of each register. */
  readonly #truth: number[] = [];
  #values = 0;
  #inAlternative = false;
  /** Chooses one of two paths at run time. */
  choose: () => boolean = () => true;
  left = 0;
  constructor(r: Random) {
    this.#r = r;
  }
  #move(parts: RegisterSet, from: number[], to: number[]): void {
    this.#list.push(() => {
      for (let n = 0; n < REGISTERS; n++) if (overlap(part.general(n), parts)) to[n] = from[n] as number;
    });
  }
  load(p: RegisterSet): void {
    this.#move(p, this.#page, this.#locals);
  }
  store(p: RegisterSet): void {
    this.#move(p, this.#locals, this.#page);
  }
  /** The steps that `does` emits. */
  #within(does: () => void): Step[] {
    const outer = this.#list;
    const inner: Step[] = [];
    this.#list = inner;
    does();
    this.#list = outer;
    return inner;
  }
  #statement(depth: number): void {
    const { cache } = this;
    const n = this.#r.below(REGISTERS);
    switch (this.#r.below(depth > 0 ? 9 : 6)) {
      case 0:
      case 1:
        cache.read(part.general(n));
        return void this.#list.push(() => expect(this.#locals[n]).toBe(this.#truth[n]));
      case 2:
      case 3:
        this.#list.push(() => void (this.#locals[n] = this.#truth[n] = ++this.#values));
        return cache.write(part.general(n));
      case 4:
        return cache.now.scope ? undefined : cache.writeBack();
      case 5: {
        // An exit, at which the state page has all registers.
        const standing = cache.now;
        const out = this.#within(() => cache.store());
        cache.now = standing;
        return void this.#list.push(() => {
          if (this.choose()) return;
          const [locals, page] = [[...this.#locals], [...this.#page]];
          for (const step of out) step();
          expect(this.#page).toEqual(this.#truth);
          this.left++;
          Object.assign(this.#locals, locals);
          Object.assign(this.#page, page);
        });
      }
      case 6:
        return this.#loop(depth);
      default: {
        const ways: Step[][] = [[], []];
        const outer = this.#list;
        const nested = this.#inAlternative;
        const way = (k: number) => () => {
          this.#list = ways[k] as Step[];
          this.#inAlternative = true;
          this.#statements(depth - 1);
          this.#inAlternative = nested;
        };
        cache.oneOf(way(0), way(1));
        this.#list = outer;
        return void outer.push(() => {
          for (const step of ways[this.choose() ? 0 : 1] as Step[]) step();
        });
      }
    }
  }
  /** A loop scope with two iterations. */
  #loop(depth: number): void {
    const { cache } = this;
    // An alternative drops no registers from locals.
    if (cache.now.scope || this.#inAlternative) return;
    const every = Array.from({ length: REGISTERS }, (_, r) => part.general(r)).reduce(union);
    const scope: LoopScope = { head: 0, steady: false, isRegion: false, accessed: every, written: every };
    cache.enter(scope);
    const body = this.#within(() => this.#statements(depth - 1));
    this.#list.push(() => {
      for (const step of [...body, ...body]) step();
    });
    cache.forget();
  }
  #statements(depth: number): void {
    for (let n = this.#r.below(6); n >= 0; n--) this.#statement(depth);
  }
  /** Generates steps and executes them several times. */
  go(): void {
    const code = this.#within(() => {
      this.#statements(3);
      this.cache.forget();
    });
    for (let n = 0; n < REGISTERS; n++) this.#page[n] = this.#truth[n] = -n;
    for (let time = 0; time < 8; time++) {
      this.#locals.fill(Number.NaN);
      for (const step of code) step();
      expect(this.#page).toEqual(this.#truth);
    }
  }
}

describe("the register cache", () => {
  it("has every register where code expects it, on every path", () => {
    let left = 0;
    for (let seed = 1; seed <= 3000; seed++) {
      const r = new Random(seed);
      const model = new Model(r);
      model.choose = () => r.chance(0.5);
      model.go();
      left += model.left;
    }
    expect(left).toBeGreaterThan(1000);
  });
});
