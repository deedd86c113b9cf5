// Requirements of arguments: instructions and programs.
import { listOf, shapeOf, type Want, wholeNumber, word32 } from "../../wants.ts";
import type { Insn } from "./insn.ts";

/** The code of an instruction. */
export const aCode = wholeNumber(0, 0xffff);
/** A distance of a conditional jump. */
export const aJump = wholeNumber(0, 0xff);
const anInsn = shapeOf<Insn>("an instruction { code, jt, jf, k }", { code: aCode, jt: aJump, jf: aJump, k: word32 });
/** A list of instructions; a kernel may refuse it. */
export const aProgram: Want = listOf(anInsn);
