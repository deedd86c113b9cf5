// Control decisions, compiled and interpreted. Conditions after operations of 8 and 16 bits compare unsigned
// operands where that is enough (lazy-flags.ts). Targets of jump tables are tested only where control leaves
// the region.
import { beforeAll, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import { exit } from "../../../src/cpu/machine/exit.ts";
import { R, vector } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { Random } from "../../../tools/oracle/random.ts";
import { CODE, DATA, PAGE, plain, Twins } from "./twins.ts";

let code: CpuCode;
beforeAll(async () => {
  code = await freshCode();
});

const conditions = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"];
const operations = ["cmp", "sub", "sbb", "add", "adc", "and", "test", "xor"];
const alone = ["inc", "dec", "neg", "not"];
const shifts = ["shl", "sar"];

/**
 * A loop over pairs in memory: each condition after the operation, by SETcc at once and by a jump, into bits
 * of rbx.
 */
const loopOf = (operation: string, bytes: number): string => {
  const [a, b] = bytes === 1 ? ["al", "cl"] : ["ax", "cx"];
  const does = alone.includes(operation)
    ? `${operation} ${a}`
    : shifts.includes(operation)
      ? `${operation} ${a}, cl`
      : `${operation} ${a}, ${b}`;
  const each = conditions.flatMap((cc, n) => [
    `mov ${a}, [rsi]`,
    `mov ${b}, [rsi+${bytes}]`,
    does,
    ...(n % 2 === 0 ? [`set${cc} dl`] : []),
    `j${cc} on${n}`,
    `add rbx, ${n + 1}`,
    `on${n}:`,
    `set${cc} dl`,
    "movzx edx, dl",
    "lea rbx, [rbx+rbx*2]",
    "add rbx, rdx",
  ]);
  return ["again:", ...each, `add rsi, ${bytes}`, "dec edi", "jnz again", "hlt"].join("\n");
};

describe.each([8, 16])("of %i bits", (bits) => {
  it.each([...operations, ...alone, ...shifts])("conditions after %s are the interpreter's", (operation) => {
    const r = new Random(bits);
    const twins = new Twins(code, 64);
    const pairs = Uint8Array.from({ length: PAGE }, () => r.pick([0, 1, 0x7f, 0x80, 0xff, r.below(256)]));
    twins.fill((n) => pairs[n % PAGE]!);
    twins.map(0, plain(0));
    twins.load(assemble(loopOf(operation, bits / 8), { mode: 64, at: CODE }).bytes);
    twins.each(({ state }) => {
      state.rip = CODE;
      state.setGpr(R.si, DATA);
      state.setGpr(R.di, 1000);
    });
    expect(twins.compile(CODE)).toBe(true);
    expect(twins.run(1_000_000, () => operation).why).toBe(exit.fault);
    expect(twins.compiledShare).toBeGreaterThan(0.85);
  });
});

// again: to the address that the table has for the next byte. The last one is no address, belongs to the
// kernel, or has no code.
const switched = assemble(
  [
    "again: movzx eax, byte ptr [rsi]",
    "inc rsi",
    "mov rcx, [rdi+rax*8]",
    "add rbx, 5",
    "jmp rcx",
    "one: inc rbx",
    "jmp again",
    "two: lea rbx, [rbx+rbx*4]",
    "jmp again",
    "three: neg rbx",
    "jmp again",
  ].join("\n"),
  { mode: 64, at: CODE },
);

it.each([0x8000_0000_0000n, 0xffff_8000_0000_0000n, 0x1234_5678_9abc_def0n, 0n, BigInt(DATA)])(
  "a jump by a table to %i faults at the right address",
  (last) => {
    const twins = new Twins(code, 64);
    const label = (name: string): bigint => BigInt(switched.labels.get(name)!);
    twins.map(0, plain(0));
    twins.map(1, plain(1));
    const r = new Random(1);
    const which = Uint8Array.from({ length: PAGE }, (_, n) => (n < 4000 ? r.below(3) : 3));
    const table = new Uint8Array(BigUint64Array.of(label("one"), label("two"), label("three"), last).buffer);
    twins.fill((n) => (n < PAGE ? which[n]! : (table[n - PAGE] ?? 0)));
    twins.load(switched.bytes);
    twins.each(({ state }) => {
      state.rip = CODE;
      state.setGpr(R.si, DATA);
      state.setGpr(R.di, DATA + PAGE);
    });
    // The interpreter records the target of the jump.
    twins.run(2000, () => "at first");
    expect(twins.compile(CODE)).toBe(true);
    const ended = twins.run(1_000_000, () => `to ${last}`);
    expect(ended.vector).toBe(BigInt.asUintN(64, BigInt.asIntN(48, last)) === last ? vector.PF : vector.GP);
    expect(twins.compiledShare).toBeGreaterThan(0.8);
  },
);

// A call of a linkage stub, which jumps through a pointer: one block in a region.
const linked = assemble("again: call stub\nback: dec rsi\njnz again\nhlt\nstub: jmp [rdi]\ncallee: inc rbx\nret", { mode: 64, at: CODE });

it.each([0x8000_0000_0000n, 0xffff_8000_0000_0000n, 0xffff_ffff_ffff_fff5n, 0x1234_5678_9abc_def0n, 0n])(
  "a call by a stub to %i faults at the right address",
  (last) => {
    const twins = new Twins(code, 64);
    twins.map(0, plain(0));
    twins.map(1, plain(1));
    twins.load(linked.bytes);
    const table = new Uint8Array(BigUint64Array.of(BigInt(linked.labels.get("callee")!), last).buffer);
    twins.fill((n) => table[n] ?? 0);
    const go = (pointer: number) => {
      twins.each(({ state }) => {
        // The entry of the loop's region.
        state.rip = linked.labels.get("back")!;
        state.setGpr(R.sp, DATA + 2 * PAGE);
        state.setGpr(R.si, 100);
        state.setGpr(R.di, DATA + pointer);
      });
      return twins.run(10_000, () => `to ${last}`);
    };
    go(0);
    expect(go(0).vector).toBe(vector.GP);
    const interpreted = () => twins.both((cpu) => cpu.interpreted)[0];
    const before = interpreted();
    expect(go(8).vector).toBe(BigInt.asUintN(64, BigInt.asIntN(48, last)) === last ? vector.PF : vector.GP);
    // Compiled code executed the call. The interpreter may execute its jump, and the fetch that faults.
    expect(interpreted() - before).toBeLessThan(3);
  },
);
