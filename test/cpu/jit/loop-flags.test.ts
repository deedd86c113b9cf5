// Flags at the head of a loop (loop-flags.ts). They are visible where an access faults before an iteration
// has written flags. So loops run until they leave the mapped pages, and their iterations end with every kind
// of comparison. Flags on an exit path beside a path that continues are tested too.
import { beforeAll, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import { exit } from "../../../src/cpu/machine/exit.ts";
import { R } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { Random } from "../../../tools/oracle/random.ts";
import { CODE, DATA, PAGE, plain, Twins } from "./twins.ts";

const SEEDS = 30;
const conditions = ["o", "b", "e", "be", "s", "p", "l", "le", "no", "ae", "ne", "a", "ns", "np", "ge", "g"] as const;

/**
 * A loop in assembly, sometimes with an inner loop. It ends with a fault. It reads pages by (r)si, which
 * increases in each iteration.
 */
const loop = (r: Random, mode: 32 | 64): string => {
  const wide = mode === 64 ? "r" : "e";
  const register = () => `${r.chance(0.5) ? wide : "e"}${r.pick(["ax", "cx", "dx", "bp"])}`;
  const same = (): [string, string] => {
    const a = register();
    return [a, `${a[0]}${r.pick(["ax", "cx", "dx", "bp"])}`];
  };
  const quiet = (): string => {
    const [a, b] = same();
    return r.pick([
      `mov ${a}, ${b}`,
      `lea ${wide}ax, [${wide}cx+${wide}dx*2+${r.below(9)}]`,
      `mov ${a}, ${r.below(1000) - 500}`,
      `not ${a}`,
      "mov dl, cl",
    ]);
  };
  const comparison = (): string => {
    const [a, b] = same();
    const memory = `[${wide}di+${8 * r.below(8)}]`;
    return r.pick([
      `cmp ${a}, ${b}`,
      `cmp ${a}, ${r.below(200) - 100}`,
      `cmp ${memory}, ${a}`,
      `cmp ${a}, ${memory}`,
      `test ${a}, ${b}`,
      `sub ${a}, ${b}`,
      `sub ${a}, ${r.below(20)}`,
      `add ${a}, ${b}`,
      `adc ${a}, ${b}`,
      `dec ${a}`,
      `and ${a}, ${b}`,
      `neg ${a}`,
      "cmp cl, dl",
      "cmp cx, dx",
      "sub cl, 3",
      `cmpxchg ${a}, ${b}`,
    ]);
  };
  const some = (of: () => string, most: number) => Array.from({ length: r.below(most) }, of);
  const round = (label: string, out: string): string[] => [
    `${label}:`,
    ...some(quiet, 3),
    `mov ${register()}, [${wide}si]`,
    ...some(quiet, 3),
    `lea ${wide}si, [${wide}si+${r.pick([8, 64, 256])}]`,
    ...(r.chance(0.3) ? [`mov [${wide}di+${8 * r.below(8)}], ${register()}`] : []),
    // Sometimes the flags are carried around unchanged.
    ...(r.chance(0.1) ? [] : [...some(comparison, 3), comparison()]),
    ...some(quiet, 2),
    `j${r.pick(conditions)} ${label}`,
    ...(r.chance(0.5) ? [...some(comparison, 2), ...some(quiet, 2), `jmp ${label}`] : [`jmp ${out}`]),
  ];
  const nested = r.chance(0.5);
  const inner = round("inner", "outer");
  return ["cmp eax, ecx", "outer:", ...(nested ? [...some(quiet, 3), `mov eax, [${wide}si]`, ...some(comparison, 2)] : []), ...inner].join(
    "\n",
  );
};

describe.each([64, 32] as const)("compiled loops of %d-bit code", (mode) => {
  let code: CpuCode;
  beforeAll(async () => {
    code = await freshCode();
  });

  it("exit with the flags of the previous iteration", { timeout: 120_000 }, () => {
    const twins = new Twins(code, mode);
    for (const page of [0, 1, 3]) twins.map(page, plain(page));
    let faults = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const r = new Random(seed * 2 + mode);
      const source = loop(r, mode);
      twins.load(assemble(source, { mode, at: CODE }).bytes);
      const bytes = Array.from({ length: 251 }, () => r.below(256));
      twins.fill((n) => bytes[n % 251]!);
      for (let round = 0; round < 12; round++) {
        const set = (n: number, v: bigint): void => twins.each(({ state }) => void (state.u64[n] = mode === 64 ? v : v & 0xffff_ffffn));
        for (const n of [R.ax, R.cx, R.dx, R.bp]) set(n, r.chance(0.5) ? r.word() : BigInt(r.below(8)));
        set(R.si, BigInt(DATA + (round < 2 ? 0 : 2 * PAGE - 8 * r.below(40))));
        set(R.di, BigInt(DATA + 3 * PAGE));
        twins.each(({ state }) => void (state.rip = CODE));
        if (round === 1) twins.compile(CODE);
        for (let slice = 0; slice < 40; slice++) {
          const { why } = twins.run(
            1 + r.below(r.chance(0.3) ? 20 : 3000),
            () => `seed ${seed}, round ${round}, slice ${slice}\n${source}`,
          );
          if (why !== exit.fault) continue;
          faults++;
          break;
        }
      }
    }
    expect(twins.regions).toBeGreaterThan(SEEDS / 2);
    expect(faults).toBeGreaterThan(SEEDS * 6);
  });

  it("exit with older flags where some iterations write none", () => {
    const twins = new Twins(code, mode);
    for (const page of [0, 1]) twins.map(page, plain(page));
    // All of it is executed often enough to be in one region.
    twins.each(({ jit }) => void (jit.enabled = false));
    const source =
      "head:\nmov edx, [rsi]\nlea rsi, [rsi+8]\njrcxz write\nlea rcx, [rcx-1]\nlea eax, [rsi+rcx]\njmp head\nwrite:\ncmp edx, eax\nmov ecx, 2\njmp head";
    const { bytes } = assemble(mode === 64 ? source : source.replaceAll(/r(si|cx)\b/g, "e$1").replace("jrcxz", "jecxz"), {
      mode,
      at: CODE,
    });
    twins.load(bytes);
    twins.fill((n) => (n * 37) & 0xff);
    for (let round = 0; round < 40; round++) {
      twins.each(({ state }) => {
        state.rip = CODE;
        state.u64[R.ax] = BigInt(0x01010101 * round);
        state.u64[R.cx] = BigInt(round % 3);
        state.u64[R.si] = BigInt(DATA + (round < 3 ? 0 : 2 * PAGE - 8 * (1 + (round % 4))));
      });
      if (round === 2) twins.compile(CODE);
      expect(twins.run(100_000, () => `round ${round}`).why).toBe(exit.fault);
    }
  });

  it("exit with their own flags beside a path that writes others", () => {
    const twins = new Twins(code, mode);
    twins.each(({ jit }) => void (jit.enabled = false));
    twins.load(
      assemble("cmp eax, ecx\nja other\nsetb dl\nhlt\nother:\ntest eax, eax\nje out\nmov dl, 7\nout:\nhlt", { mode, at: CODE }).bytes,
    );
    const go = (a: bigint, c: bigint): void => {
      twins.each(({ state }) => {
        state.rip = CODE;
        state.u64[R.ax] = a;
        state.u64[R.cx] = c;
      });
      twins.run(100, () => `${a}, ${c}`);
    };
    // A frequently executed block is in the region, and a block that never ran is not.
    for (let n = 0; n < 600; n++) go(5n, 3n);
    expect(twins.compile(CODE)).toBe(true);
    for (const [a, c] of [
      [5n, 3n],
      [3n, 5n],
      [3n, 3n],
    ] as const)
      go(a, c);
    expect(twins.regions).toBe(1);
  });
});
