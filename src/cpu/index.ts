// trapgate/cpu: the instruction set alone, as text and in words. It reads the rows that the processor
// executes.
//
// const { bytes, labels } = assemble("again: dec ecx\n jnz again", { mode: 64, at: 0x401000 });
// for (const { address, text, instruction } of disassemble(bytes, { mode: 64, at: 0x401000 })) …
// describe(instruction)   // "ecx ← ecx - 1\nflags but CF ← dec(old ecx)"
export { Decoded, type DecodeResult, Decoder } from "./decode/decoder.ts";
export { describe, describeRow } from "./describe/index.ts";
export type { Operand, OperandKind, Row } from "./isa/row.ts";
export { rows } from "./isa/rows/all.ts";
export { type Assembled, type AssembleOptions, assemble } from "./text/assemble.ts";
export { disassemble, instructionText, type Line, plainDecoder } from "./text/disassemble.ts";
export { encode } from "./text/encode.ts";
export type { IncludeText } from "./text/preprocess.ts";
export { assembleProgram, type ProgramSourceOptions } from "./text/program.ts";
