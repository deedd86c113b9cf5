// Encodings that Intel's processors decode differently from AMD's, judged by iced-x86, which knows both.
import { Code, DecoderOptions, Decoder as Iced, Instruction, Mnemonic } from "iced-x86";
import { describe, expect, it } from "vitest";
import { Decoder, decodeTables } from "../../../src/cpu/decode/decoder.ts";
import { rows } from "../../../src/cpu/isa/rows/all.ts";
import type { Vendor } from "../../../src/cpu/machine/model.ts";
import { candidates, SLOT } from "../../../tools/oracle/encodings.ts";
import { Random } from "../../../tools/oracle/random.ts";
import type { Mode } from "../../../tools/oracle/world.ts";

const options = { amd: DecoderOptions.AMD, intel: DecoderOptions.None } as const;
const at90 = new Set(["nop", "pause", "xchg"]);
const lanes = new Set(["vpinsrd", "vpextrd"]);

/**
 * Instructions of near branches, opcode 90 and lanes by W: how each side names them, and how long each is.
 */
const told = (vendor: Vendor, mode: Mode): { differences: string[]; narrow: number; judged: number } => {
  const decoder = new Decoder(decodeTables(rows, vendor));
  const random = new Random(mode);
  const instruction = new Instruction();
  const differences = new Set<string>();
  let [narrow, judged] = [0, 0];
  for (let pass = 0; pass < 6; pass++) {
    for (const buffer of [...candidates(mode, false, random), ...candidates(mode, true, random)]) {
      const iced = new Iced(mode, buffer, options[vendor]);
      for (let at = 0; at < buffer.length; at += SLOT) {
        const ok = decoder.decode(buffer, at, at + SLOT, 0, mode) === "ok";
        const { row, size, length } = decoder.d;
        iced.position = at;
        iced.decodeOut(instruction);
        const mnemonic = (Mnemonic[instruction.mnemonic] as string).toLowerCase();
        const isBranch = ok && row.nearBranch === true;
        const isAt90 = ok && row.opcode === 0x90 && row.map === 0 && at90.has(row.name);
        if (!isBranch && !isAt90 && !(ok && lanes.has(row.name)) && !lanes.has(mnemonic)) continue;
        judged++;
        if (isBranch && mode === 64 && size === 16) narrow++;
        const ours = ok ? `${isBranch ? "branch" : row.name} of ${length} bytes` : "nothing";
        const theirs = instruction.code === Code.INVALID ? "nothing" : `${isBranch ? "branch" : mnemonic} of ${instruction.length} bytes`;
        if (ours !== theirs) differences.add(`${Buffer.from(buffer.subarray(at, at + 8)).toString("hex")}: iced ${theirs}, ours ${ours}`);
      }
      iced.free();
    }
  }
  instruction.free();
  return { differences: [...differences].slice(0, 10), narrow, judged };
};

describe("what vendors' processors decode in their own ways", () => {
  it("in 64-bit code: near branches of 16 bits are AMD's, and Intel's PAUSE takes any REX", () => {
    const intel = told("intel", 64);
    expect(intel.differences).toEqual([]);
    expect(intel.narrow).toBe(0);
    expect(intel.judged).toBeGreaterThan(1000);
    expect(told("amd", 64).narrow).toBeGreaterThan(50);
  });
  it("in 32-bit code: Intel's VPINSRD and VPEXTRD do not look at W", () => {
    expect(told("intel", 32).differences).toEqual([]);
  });
  it("and PAUSE with REX.B is an exchange on AMD's", () => {
    const bytes = Uint8Array.of(0xf3, 0x41, 0x90);
    const name = (vendor: Vendor): string => {
      const decoder = new Decoder(decodeTables(rows, vendor));
      expect(decoder.decode(bytes, 0, 3, 0, 64)).toBe("ok");
      return decoder.d.row.name;
    };
    expect([name("amd"), name("intel")]).toEqual(["xchg", "pause"]);
  });
});
