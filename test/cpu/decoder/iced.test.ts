// The decoder agrees with iced-x86 on every opcode of the one- to three-byte maps: length, mnemonic,
// operands, or both invalid.
import { describe, expect, it } from "vitest";
import { DecoderJudge } from "../../../tools/oracle/decoder.ts";
import { candidates } from "../../../tools/oracle/encodings.ts";
import { Random } from "../../../tools/oracle/random.ts";
import { modes } from "../../../tools/oracle/world.ts";

describe("the decoder, judged by iced-x86", () => {
  it.each(modes)("reads every opcode, prefix and modrm of %i-bit code as iced does", (mode) => {
    const judge = new DecoderJudge();
    const random = new Random(mode);
    const problems: string[] = [];
    let judged = 0;
    for (let pass = 0; pass < 4; pass++) {
      for (const buffer of [...candidates(mode, false, random), ...candidates(mode, true, random)]) {
        judge.judge(mode, buffer, (v, bytes) => {
          judged++;
          if (v.problem !== undefined) problems.push(`${Buffer.from(bytes).toString("hex")} ${v.mnemonic}: ${v.problem}`);
        });
      }
    }
    expect(judged).toBeGreaterThan(100_000);
    expect(problems.slice(0, 20)).toEqual([]);
  });
});
