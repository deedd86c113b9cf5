// Definitions that the x87's rows, its routines (AssemblyScript, by tools/routines.mjs) and compiled regions
// share. SDM Vol. 2D Tables.

/**
 * The arithmetic of opcodes D8 to DF, in the order of the reg field: the first argument of the routines
 * `arith_…`.
 */
export const x87Arithmetic = ["add", "mul", "com", "comp", "sub", "subr", "div", "divr"] as const;

/** True if the operation, by its position in that order, only sets condition codes. */
export const comparesX87 = (operation: number): boolean => x87Arithmetic[operation] === "com" || x87Arithmetic[operation] === "comp";

/** A constant of the x87 in the register format. */
export interface X87Constant {
  /** The significand, truncated to 64 bits. */
  readonly significand: bigint;
  /** As in the register: biased by 16383. */
  readonly exponent: number;
  /** Units in the last place to add when rounding to nearest, and when rounding up. SDM Vol. 1 8.3.8. */
  readonly nearest: 0 | 1;
  readonly up: 0 | 1;
}
/** D9 E8 to D9 EE, in order. tools/routines.mjs reads these lines. */
// biome-ignore format: table
export const x87Constants = {
  fld1: { significand: 0x8000000000000000n, exponent: 0x3fff, nearest: 0, up: 0 },
  fldl2t: { significand: 0xd49a784bcd1b8afen, exponent: 0x4000, nearest: 0, up: 1 },
  fldl2e: { significand: 0xb8aa3b295c17f0bbn, exponent: 0x3fff, nearest: 1, up: 1 },
  fldpi: { significand: 0xc90fdaa22168c234n, exponent: 0x4000, nearest: 1, up: 1 },
  fldlg2: { significand: 0x9a209a84fbcff798n, exponent: 0x3ffd, nearest: 1, up: 1 },
  fldln2: { significand: 0xb17217f7d1cf79abn, exponent: 0x3ffe, nearest: 1, up: 1 },
  fldz: { significand: 0x0n, exponent: 0, nearest: 0, up: 0 },
} as const satisfies Record<string, X87Constant>;

/** A register of the stack before an operation: ST(0), or the one whose number is an argument. */
export type StackRegister = 0 | { readonly argument: number };
/** The effect of a routine on the register stack. SDM Vol. 1 8.1.2. */
export interface StackEffect {
  readonly reads: readonly StackRegister[];
  readonly writes: readonly StackRegister[];
  /** It pushes a register, which it writes. */
  readonly pushes: boolean;
  /** The position of the argument that is 1 if the operation pops a register at its end. */
  readonly pops: number | undefined;
}
const effect = (
  reads: readonly StackRegister[],
  writes: readonly StackRegister[] = [],
  more: { pushes?: boolean; pops?: number } = {},
): StackEffect => ({ reads, writes, pushes: more.pushes ?? false, pops: more.pops });
const argument = (position: number): StackRegister => ({ argument: position });

/**
 * The routines that compiled regions have inline forms of, with their effect on the stack. Analysis and
 * emitter read it; a test compares it with the routines (src/cpu/routines).
 */
// biome-ignore format: table
export const x87StackEffects = {
  fld_f32: effect([], [], { pushes: true }),
  fld_f64: effect([], [], { pushes: true }),
  fild: effect([], [], { pushes: true }),
  fldc: effect([], [], { pushes: true }),
  fld_st: effect([argument(0)], [], { pushes: true }),
  fxch: effect([0, argument(0)], [0, argument(0)]),
  fst_st: effect([0], [argument(0)], { pops: 1 }),
  fst_f32_value: effect([0]),
  fst_f64_value: effect([0]),
  stores: effect([]),
  stored: effect([], [], { pops: 0 }),
  arith_f32: effect([0], [0]),
  arith_f64: effect([0], [0]),
  arith_i32: effect([0], [0]),
  arith_st: effect([0, argument(1)], [0]),
  arith_to: effect([0, argument(1)], [argument(1)], { pops: 2 }),
  fcomi: effect([0, argument(0)], [], { pops: 2 }),
  fabs: effect([0], [0]),
  fchs: effect([0], [0]),
  fsqrt: effect([0], [0]),
} as const satisfies Record<string, StackEffect>;
/** The name of such a routine. */
export type InlineRoutine = keyof typeof x87StackEffects;
/** True for the name of such a routine. */
export const isInlineRoutine = (name: string): name is InlineRoutine => Object.hasOwn(x87StackEffects, name);
