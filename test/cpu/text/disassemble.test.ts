// The disassembler writes iced-x86's text over the opcode space, and objdump's text over Debian's programs.
import { describe, expect, it } from "vitest";
import { disassemble } from "../../../src/cpu/text/disassemble.ts";
import { candidates } from "../../../tools/oracle/encodings.ts";
import { Random } from "../../../tools/oracle/random.ts";
import { TextJudge } from "../../../tools/oracle/text.ts";
import { modes } from "../../../tools/oracle/world.ts";
import { debian, missing, objdump } from "../../support/host.ts";
import { levelObjdump, levelOurs, listing } from "./objdump.ts";

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(" ", ""), "hex");
const texts = (hex: string, mode: 16 | 32 | 64 = 64, at = 0): string[] => [...disassemble(bytes(hex), { mode, at })].map((l) => l.text);

describe("the disassembler", () => {
  it("writes Intel syntax, and says what no operand says in words before the name", () => {
    expect(texts("48 01 c8 f0 66 83 00 ff 64 48 8b 04 25 28 00 00 00")).toEqual([
      "add rax, rcx",
      "lock add word ptr [rax], 0xffff",
      "mov rax, qword ptr fs:[0x28]",
    ]);
    expect(texts("f3 48 a5 67 aa 64 d7 66 6a 05 66 c3", 64)).toEqual(["rep movsq", "a32 stosb", "fs xlatb", "o16 push 0x5", "o16 ret"]);
    expect(texts("eb fe 48 8d 05 f9 ff ff ff", 64, 0x1000)).toEqual(["jmp 0x1000", "lea rax, [rip-0x7]"]);
    expect(texts("9a 78 56 34 12 23 00 06", 32)).toEqual(["call 0x23:0x12345678", "push es"]);
  });
  it("tells an index that stands alone from a base by its scale, a vector of them too", () => {
    expect(texts("8b 04 0d 10 00 00 00 8b 04 25 10 00 00 00 c4 e2 f9 90 2c 35 96 bc 20 93 c4 e2 f9 90 2c 30", 64)).toEqual([
      "mov eax, dword ptr [rcx*1+0x10]",
      "mov eax, dword ptr [0x10]",
      "vpgatherdq xmm5, qword ptr [xmm6*1-0x6cdf436a], xmm0",
      "vpgatherdq xmm5, qword ptr [rax+xmm6], xmm0",
    ]);
  });
  it("writes what is no instruction as bytes, and a cut one too", () => {
    expect(texts("06 90 48 01")).toEqual(["db 0x6", "nop", "db 0x48", "db 0x1"]);
  });

  it.each(modes)("agrees with iced-x86 over %i-bit code", (mode) => {
    const judge = new TextJudge();
    const random = new Random(mode + 1);
    const problems: string[] = [];
    let judged = 0;
    for (const vex of [false, false, true]) {
      for (const buffer of candidates(mode, vex, random)) {
        judge.judge(mode, buffer, (v, code) => {
          judged++;
          if (!v.same) problems.push(`${Buffer.from(code).toString("hex")}: iced "${v.theirs}", ours "${v.ours}"`);
        });
      }
    }
    expect(judged).toBeGreaterThan(20_000);
    expect(problems.slice(0, 20)).toEqual([]);
  });

  describe.each([
    ["amd64", 64],
    ["i386", 32],
  ] as const)("on Debian's lua of %s", (architecture, mode) => {
    const lua = debian(`lua-${architecture}`);
    it.skipIf(missing("disassembling a program", lua, objdump))("agrees with objdump", () => {
      const theirs = listing(`${lua.path}/usr/bin/lua5.4`);
      const code = Buffer.concat(theirs.map((l) => l.bytes));
      const ours = [...disassemble(code, { mode, at: theirs[0]?.address ?? 0 })];
      expect(ours.length).toBeGreaterThan(40_000);
      expect(ours.map((l) => l.address)).toEqual(theirs.map((l) => l.address));
      const different = ours.map((l, n) => [levelOurs(l.text), levelObjdump(theirs[n]?.text ?? "", mode)]).filter(([a, b]) => a !== b);
      expect(different.slice(0, 20)).toEqual([]);
    });
  });
});
