// Page ranges of registers in loops of 64-bit code (page-ranges.ts). A range that one loop may read is not
// used by another loop that writes through the same register. The distance of their heads would give both the
// same slot.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import { at, pageRanges, R, vector } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { CODE, DATA, PAGE, plain, Twins } from "./twins.ts";

const READ = CODE;
const WRITE = CODE + pageRanges.slots;
/** The last of several direct-mapped, writable pages. */
const LAST = 3;
const WORDS = (LAST + 1) * (PAGE / 8);
const place = DATA + LAST * PAGE;
/** `mov al, value`, and HLT, which no program may execute. */
const returns = (value: number): bigint => 0xf4f4_f4f4_f4f4_00b0n | BigInt(value << 8);

describe("a loop that writes where another one has read", () => {
  let cpuCode: CpuCode;
  let twins: Twins;
  beforeAll(async () => {
    cpuCode = await freshCode();
  });
  /** Runs to the next HLT or to another fault. */
  const go = (ip: number, from: number, rounds: number): ReturnType<Twins["run"]> => {
    twins.each(({ state }) => {
      state.rip = ip;
      state.u64[R.ax] = returns(7);
      state.u64[R.cx] = BigInt(rounds);
      state.u64[R.si] = BigInt(from);
    });
    return twins.run(10 * WORDS, () => `${ip.toString(16)}, ${from.toString(16)}`);
  };
  /** True if an address is in a page range of compiled code. */
  const known = (address: number): boolean => {
    let there = false;
    twins.each(({ state: { view } }) => {
      for (let slot = at.pageRanges; slot < at.pageRanges + pageRanges.slots * pageRanges.size; slot += pageRanges.size) {
        const first = view.getBigUint64(slot + pageRanges.base, true);
        there ||= BigInt.asUintN(64, BigInt(address) - first) < view.getBigUint64(slot + pageRanges.length, true);
      }
    });
    return there;
  };
  beforeEach(() => {
    twins = new Twins(cpuCode, 64);
    // Interpreted until their execution counts show long loops.
    twins.each(({ jit }) => void (jit.enabled = false));
    const code = new Uint8Array(2 * pageRanges.slots).fill(0xf4);
    for (const [ip, access] of [
      [READ, "add rdx, [rsi]"],
      [WRITE, "mov [rsi], rax"],
    ] as const)
      code.set(assemble(`again:\n${access}\nadd rsi, 8\nsub rcx, 1\njne again\nhlt`, { mode: 64, at: ip }).bytes, ip - CODE);
    twins.load(code);
    for (let n = 0; n <= LAST; n++) twins.map(n, plain(n));
    for (const ip of [READ, WRITE]) {
      go(ip, DATA, WORDS);
      expect(twins.compile(ip)).toBe(true);
    }
  });
  /** Reads until the range covers the whole area. */
  const readAll = (): void => {
    for (let n = 0; n < 20; n++) go(READ, DATA, WORDS);
    expect(known(place)).toBe(true);
  };

  it("faults on a read-only page", () => {
    twins.map(LAST, { frame: LAST, writable: false });
    const [before] = twins.both(({ slowPathCounts }) => slowPathCounts.outsideRange);
    readAll();
    expect(twins.both(({ slowPathCounts }) => slowPathCounts.outsideRange > before)).toEqual([true, false]);
    expect(go(WRITE, place, 3)).toMatchObject({ rip: WRITE, vector: vector.PF, address: BigInt(place) });
    expect(go(WRITE, place - 16, 3)).toMatchObject({ rip: WRITE, vector: vector.PF, address: BigInt(place) });
  });

  it("changes code in the page", () => {
    twins.map(LAST, { frame: LAST, writable: true, executable: true });
    const old = Buffer.from(returns(5).toString(16), "hex").reverse();
    twins.fill((n) => old[n % 8]!);
    const al = (): bigint => {
      go(place, 0, 0);
      let value = 0n;
      twins.each(({ state }) => void (value = state.u64[R.ax]! & 0xffn));
      return value;
    };
    expect(al()).toBe(5n);
    readAll();
    go(WRITE, place, 3);
    expect(al()).toBe(7n);
  });
});
