// Bits of the x87 status and control words. SDM Vol. 1 8.1.3 and 8.1.5.

/** Exceptions at the bit positions that the status word, the masks of the control word and MXCSR share. */
export const IE: i32 = 0x01;
/** Denormal operand. */
export const DE: i32 = 0x02;
/** Division by zero. */
export const ZE: i32 = 0x04;
/** Overflow. */
export const OE: i32 = 0x08;
/** Underflow. */
export const UE: i32 = 0x10;
/** Precision: the result is inexact. */
export const PE: i32 = 0x20;
/** All six exceptions. */
export const EXCEPTIONS: i32 = 0x3f;

/** Stack fault, with C1 = 1 for overflow. */
export const SF: i32 = 0x40;
/** Error summary, and the busy flag, which always equals it. */
export const ES_B: i32 = 0x8080;
/** Condition code 0. */
export const C0: i32 = 0x0100;
/** Condition code 1: rounded away from zero, or the direction of a stack fault. */
export const C1: i32 = 0x0200;
/** Condition code 2. */
export const C2: i32 = 0x0400;
/** Condition code 3. */
export const C3: i32 = 0x4000;
/** All four condition codes. */
export const CODES: i32 = 0x4700;

/** Control word: rounding control and precision control. */
export const RC: i32 = 0x0c00;
/** Rounding toward minus infinity. */
export const RC_DOWN: i32 = 0x0400;
/** Rounding toward plus infinity. */
export const RC_UP: i32 = 0x0800;
/** Rounding toward zero. */
export const RC_ZERO: i32 = 0x0c00;
/** The field of the precision control. */
export const PC: i32 = 0x0300;
/** 24 bits of significand. */
export const PC_SINGLE: i32 = 0x0000;
/** 53 bits of significand. */
export const PC_DOUBLE: i32 = 0x0200;
/** 64 bits of significand. */
export const PC_EXTENDED: i32 = 0x0300;

/** EFLAGS as FCOMI and COMISD write them. */
export const CF: i32 = 0x01;
/** The parity flag: unordered. */
export const PF: i32 = 0x04;
/** The zero flag: equal or unordered. */
export const ZF: i32 = 0x40;
