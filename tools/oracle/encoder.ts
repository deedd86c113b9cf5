// Judges the encoder and the assembler by the decoder, which iced-x86 judges. encode(decode(bytes)) is a
// fixed point and no longer than the bytes. The disassembler's text assembles to an instruction with the same
// text.
import { type Decoded, type Decoder, noRegister } from "../../src/cpu/decode/decoder.ts";
import { assemble } from "../../src/cpu/text/assemble.ts";
import { instructionText, plainDecoder } from "../../src/cpu/text/disassemble.ts";
import { encode } from "../../src/cpu/text/encode.ts";
import { ripRelative } from "../../src/cpu/text/syntax.ts";
import { Problem } from "../../src/problem.ts";
import type { Mode } from "./world.ts";

const hex = (b: Uint8Array | undefined): string => (b ? Buffer.from(b).toString("hex") : "nothing");
const base = 0x1000_0000;

/** Text that does not depend on the instruction's length: of an address from rip the address itself. */
const settled = (d: Decoded): string =>
  instructionText(d).replace(/\[([re])ip[^\]]*\]/, `[$1ip to ${ripRelative(d) ? d.disp : noRegister}]`);
/** Makes texts comparable: of two orders or forms with one meaning, the assembler takes the shorter one. */
const level = (text: string): string =>
  text.replace(/^xchg (\w+), (\w+)$/, (_, a, b) => `xchg ${[a, b].sort().join(", ")}`).replace(/, 0x1$/, ", 1");

export class EncoderJudge {
  readonly #decoder: Decoder = plainDecoder();
  readonly #again: Decoder = plainDecoder();

  /** Judge every 16-byte slot that is an instruction. */
  judge(mode: Mode, buffer: Uint8Array, see: (problem: string | undefined) => void): void {
    for (let at = 0; at + 16 <= buffer.length; at += 16) {
      if (this.#decoder.decode(buffer, at, at + 16, base, mode) !== "ok") continue;
      const { d } = this.#decoder;
      const wrong = this.#wrong(mode, d);
      see(wrong && `${mode}-bit ${hex(buffer.subarray(at, at + d.length))} ${instructionText(d)}: ${wrong}`);
    }
  }

  #wrong(mode: Mode, d: Decoded): string | undefined {
    try {
      return this.#judged(mode, d);
    } catch (e) {
      if (e instanceof Problem) return e.sentence;
      throw e;
    }
  }
  #judged(mode: Mode, d: Decoded): string | undefined {
    const made = encode(d);
    // A short branch reaches less far once its idle prefixes are gone.
    if (!made) return d.row.operands.some((o) => o.kind === "rel") ? undefined : "has no encoding";
    const read = (bytes: Uint8Array): Decoded | undefined =>
      this.#again.decode(bytes, 0, bytes.length, base, mode) === "ok" ? this.#again.d : undefined;
    const back = read(made);
    if (back?.row !== d.row || settled(back) !== settled(d)) return `${hex(made)} is something else`;
    if (hex(encode(back)) !== hex(made)) return `${hex(made)}, and encoded again ${hex(encode(back))}`;
    if (made.length > d.length) return `${hex(made)} is longer`;
    const text = instructionText(d);
    const assembled = assemble(text, { mode, at: base }).bytes;
    const reread = read(assembled);
    if (!reread || level(instructionText(reread)) !== level(text)) return `${hex(assembled)} is something else`;
    if (assembled.length > made.length) return `${hex(assembled)} is not the shortest`;
    const twice = assemble(instructionText(reread), { mode, at: base }).bytes;
    return hex(twice) === hex(assembled) ? undefined : `${hex(assembled)}, and assembled again ${hex(twice)}`;
  }
}
