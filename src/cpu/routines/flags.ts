// Bits of the x87 status and control words. SDM Vol. 1 8.1.3 and 8.1.5.

/** Exceptions at the bit positions that the status word, the masks of the control word and MXCSR share. */
export const IE: i32 = 0x01;
export const DE: i32 = 0x02;
export const ZE: i32 = 0x04;
export const OE: i32 = 0x08;
export const UE: i32 = 0x10;
export const PE: i32 = 0x20;
export const EXCEPTIONS: i32 = 0x3f;

export const SF: i32 = 0x40;
/** Error summary, and the busy flag, which always equals it. */
export const ES_B: i32 = 0x8080;
export const C0: i32 = 0x0100;
export const C1: i32 = 0x0200;
export const C2: i32 = 0x0400;
export const C3: i32 = 0x4000;
export const CODES: i32 = 0x4700;

/** Control word: rounding control and precision control. */
export const RC: i32 = 0x0c00;
export const RC_DOWN: i32 = 0x0400;
export const RC_UP: i32 = 0x0800;
export const RC_ZERO: i32 = 0x0c00;
export const PC: i32 = 0x0300;
export const PC_SINGLE: i32 = 0x0000;
export const PC_DOUBLE: i32 = 0x0200;
export const PC_EXTENDED: i32 = 0x0300;

/** EFLAGS as FCOMI and COMISD write them. */
export const CF: i32 = 0x01;
export const PF: i32 = 0x04;
export const ZF: i32 = 0x40;
