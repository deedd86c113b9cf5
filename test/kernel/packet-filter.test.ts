// The work of filters on one packet has a bound that many programs and sockets do not move.
import { describe, expect, it } from "vitest";
import { PacketProgram } from "../../src/kernel/net/filter/program.ts";

const insns = (...all: readonly (readonly [code: number, k: number])[]): Uint8Array => {
  const bytes = new Uint8Array(8 * all.length);
  const v = new DataView(bytes.buffer);
  for (const [n, [code, k]] of all.entries()) {
    v.setUint16(8 * n, code, true);
    v.setUint32(8 * n + 4, k, true);
  }
  return bytes;
};
const LDX_IMM = 0x01;
const LD_ABS_W = 0x20;
const RET_K = 0x06;
const NLATTR = 0xffff_f00c;

describe("the work of packet filters", () => {
  it("is used up by instructions: the packet is dropped for the next filter", () => {
    const program = PacketProgram.checked(insns([RET_K, 5])) as PacketProgram;
    const seen = { bytes: new Uint8Array(64), at: 0 };
    const work = { left: 2 };
    expect([1, 2, 3].map(() => program.run(seen, work))).toEqual([5, 5, 0]);
  });
  it("is used up by the attributes that a search visits", () => {
    const program = PacketProgram.checked(insns([LDX_IMM, 77], [LD_ABS_W, NLATTR], [RET_K, 5])) as PacketProgram;
    // 1000 empty attributes of type 0.
    const bytes = new Uint8Array(4000);
    for (let at = 0; at < bytes.length; at += 4) bytes[at] = 4;
    const work = { left: 2000 };
    expect(program.run({ bytes, at: 0 }, work)).toBe(5);
    expect(work.left).toBe(2000 - 3 - 1000);
    expect(program.run({ bytes, at: 0 }, work)).toBe(0);
  });
});
