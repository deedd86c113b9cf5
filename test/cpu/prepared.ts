// One case of the oracle written by hand: an instruction or a few, with their inputs.
import { EF, S } from "../../src/cpu/machine/state.ts";
import { type Case, fxAt, stateAt } from "../../tools/oracle/case.ts";
import { CODE, ldtSelector, type Mode, type SegmentName, selector } from "../../tools/oracle/world.ts";

export interface Prepared {
  readonly what: string;
  readonly mode: Mode;
  readonly code: string;
  /** The case ends after the first instruction. */
  readonly step?: true;
  /** A number outside 64-bit mode means 32 bits, a bigint all of them. */
  readonly gpr?: Readonly<Record<number, number | bigint>>;
  readonly segments?: Readonly<Record<number, SegmentName>>;
  readonly flags?: number;
  /** Bytes of a register, the lowest first. */
  readonly ymm?: Readonly<Record<number, string>>;
  readonly mxcsr?: number;
  /** x87: control word, which physical registers are full, ST(0) with the highest byte first. */
  readonly control?: number;
  readonly full?: number;
  readonly st0?: string;
  /** Bytes of the window, and where they begin. */
  readonly memory?: readonly [at: number, hex: string];
}

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

/** The case runs to an int3 or a fault, if it is no step. */
export const prepare = (c: Case, p: Prepared): void => {
  c.code = bytes(p.code);
  c.codeOffset = 0x7f0;
  c.run = p.step === undefined;
  const s = c.before;
  for (const [r, v] of Object.entries(p.gpr ?? {}))
    s.setGpr(Number(r), BigInt.asUintN(p.mode === 64 || typeof v === "bigint" ? 64 : 32, BigInt(v)));
  s.rflags = EF.IF | 2 | (p.flags ?? 0);
  s.setSelector(S.cs, p.mode === 64 ? selector.userCode64 : p.mode === 32 ? selector.userCode32 : ldtSelector("code16"));
  for (const n of [S.ss, S.ds, S.es]) s.setSelector(n, p.mode === 16 ? ldtSelector("data16") : selector.userData);
  for (const [n, name] of Object.entries(p.segments ?? {})) s.setSelector(Number(n), ldtSelector(name));
  s.rip = BigInt(c.codeOffset + ((s.selector(S.cs) & 4) === 0 ? CODE : 0));
  const fx = s.at + stateAt.fxsave;
  s.view.setUint16(fx + fxAt.control, p.control ?? 0x37f, true);
  s.view.setUint8(fx + fxAt.tag, p.full ?? 0);
  if (p.st0) s.fxsave.set(bytes(p.st0).reverse(), fxAt.st);
  s.view.setUint32(fx + fxAt.mxcsr, p.mxcsr ?? 0x1f80, true);
  for (const [n, hex] of Object.entries(p.ymm ?? {})) {
    const value = bytes(hex);
    s.fxsave.set(value.subarray(0, 16), fxAt.xmm + Number(n) * 16);
    s.ymmHigh.set(value.subarray(16), Number(n) * 16);
  }
  if (p.memory) c.window.set(bytes(p.memory[1]), p.memory[0]);
};
