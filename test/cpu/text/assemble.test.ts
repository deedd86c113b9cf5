// The assembler: its language, its messages, and its judges: decoding of its output, NASM, GNU as.
import { describe, expect, it } from "vitest";
import type { Decoded } from "../../../src/cpu/decode/decoder.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { disassemble, instructionText, plainDecoder } from "../../../src/cpu/text/disassemble.ts";
import { Problem } from "../../../src/problem.ts";
import { EncoderJudge } from "../../../tools/oracle/encoder.ts";
import { candidates } from "../../../tools/oracle/encodings.ts";
import { Random } from "../../../tools/oracle/random.ts";
import { type Mode, modes } from "../../../tools/oracle/world.ts";
import { debian, missing, nasm, objdump } from "../../support/host.ts";
import { nasmBytes, nasmDiffers, nasmText } from "./nasm.ts";
import { listing } from "./objdump.ts";

const hex = (b: Uint8Array): string => Buffer.from(b).toString("hex");
const bytes = (text: string, mode: Mode = 64, at = 0): string => hex(assemble(text, { mode, at }).bytes);
const complaint = (text: string, mode: Mode = 64): string => {
  try {
    assemble(text, { mode });
    return "none";
  } catch (e) {
    if (e instanceof Problem) return e.sentence;
    throw e;
  }
};
/** Every encoding of one pass over the opcode maps that decodes. */
function* decoded(mode: Mode, seed: number, at: number): Generator<{ code: Uint8Array; d: Decoded }> {
  const decoder = plainDecoder();
  for (const vex of [false, true]) {
    for (const buffer of candidates(mode, vex, new Random(seed))) {
      for (let offset = 0; offset + 16 <= buffer.length; offset += 16) {
        if (decoder.decode(buffer, offset, offset + 16, at, mode) === "ok")
          yield { code: buffer.subarray(offset, offset + decoder.d.length), d: decoder.d };
      }
    }
  }
}
describe("the assembler", () => {
  it("takes the shortest encoding, but of the width that is written", () => {
    expect(bytes("add rax, 1")).toBe("4883c001");
    expect(bytes("add eax, 0x12345678")).toBe("0578563412");
    expect(bytes("mov rax, 5")).toBe("48c7c005000000");
    expect(bytes("mov rax, 0x80000000")).toBe("48b80000008000000000");
    expect(bytes("push 5\npush 0x1234\npush word 5")).toBe("6a056834120000666a05");
    expect(bytes("mov eax, [0x1234]", 32)).toBe("a134120000");
    expect(bytes("mov eax, [0x1234]", 64)).toBe("8b042534120000");
    expect(bytes("xchg eax, ebx\nxchg eax, eax")).toBe("9387c0");
    expect(bytes("movq xmm1, [rax]\nmovq xmm1, rax")).toBe("f30f7e0866480f6ec8");
  });
  it("knows addresses of every kind, prefixes, and REX where only REX makes the register", () => {
    expect(bytes("mov al, [r13+r12*8-0x10]")).toBe("438a44e5f0");
    expect(bytes("mov eax, [rbp]\nmov eax, [rsp]\nmov eax, [rax*4]")).toBe("8b45008b04248b048500000000");
    expect(bytes("mov ax, [bx+si+5]\nmov ax, [bp]\nmov ax, [0x1234]", 16)).toBe("8b40058b4600a13412");
    expect(bytes("mov al, sil\nmov al, dh\nmov r8b, sil")).toBe("4088f088f04188f0");
    expect(bytes("lock add dword ptr fs:[rax], 5\nrep movsb\nrepne scasb\na32 stosd\ngs lodsb")).toBe("f064830005f3a4f2ae67ab65ac");
    expect(bytes("call far [eax]\nret\nretf 8\nenter 16, 1\nint 0x80\njmp 0x33:0x1000", 32)).toBe("ff18c3ca0800c8100001cd80ea001000003300");
    expect(bytes("pushf\npushfw\npush fs\nfadd\nfld st(3)\nfaddp st(1), st\ncvtsi2sd xmm3, r9")).toBe("9c669c0fa0d8c1d9c3dec1f2490f2ad9");
  });
  it("reads NASM's ways too", () => {
    expect(bytes("mov dword [fs:rax], 5")).toBe(bytes("mov dword ptr fs:[rax], 5"));
    expect(bytes("lea rax, [rel 0x2000]", 64, 0x1000)).toBe("488d05f90f0000");
    expect(bytes("jz short $ ; a comment\nsetnbe al")).toBe("74fe0f97c0");
    expect(bytes("mov ds, eax\nlar eax, ecx\nblendvps xmm1, xmm2\naam", 32)).toBe("8ed80f02c1660f3814cad40a");
    expect(bytes("sha256rnds2 xmm2, xmm1\nsha256rnds2 xmm2, xmm1, xmm0")).toBe("0f38cbd10f38cbd1");
    expect(bytes("test al, [rax]\nxchg eax, [rbx]\nimul rax, 5")).toBe("840087034" + "86bc005");
  });
  it("makes branches short where their labels are near, and long where they are not", () => {
    const near = assemble("start: dec ecx\n jnz start\n jmp done\n nop\ndone: call start", { at: 0x400000 });
    expect(hex(near.bytes)).toBe("ffc975fceb0190e8f4ffffff");
    expect(near.labels.get("done")).toBe(0x400007);
    expect(near.statements.map((s) => s.line)).toEqual([1, 2, 3, 4, 5]);
    // One branch too long makes those over it too long.
    const code = (nops: number) => assemble(`a: jmp b\n jmp c\n${"nop\n".repeat(nops)}b: jmp a\nc: db "hi", 0\ndq a+1, c-b`, { at: 0x10 });
    expect(hex(code(122).bytes.subarray(0, 4))).toBe("eb7ceb7c");
    expect(hex(code(123).bytes.subarray(0, 10))).toBe("e980000000e980000000");
    expect(hex(code(122).bytes.subarray(-19))).toBe("68690011000000000000000200000000000000");
  });
  it("says in a line what is wrong, and where", () => {
    expect(complaint("nop\nmovv eax, 1")).toBe('line 2: there is no instruction "movv"');
    expect(complaint("add eax")).toBe('line 1: "add" has no form with these operands');
    expect(complaint("add [rax], 5")).toBe("line 1: the memory operand needs a size (byte ptr, word ptr, dword ptr, …)");
    expect(complaint("mov ah, r8b")).toBe('line 1: "mov" cannot be encoded with these operands');
    expect(complaint("mov al, 0x100")).toBe('line 1: "mov" has no form with these operands');
    expect(complaint("aaa")).toBe('line 1: there is no "aaa" in 64-bit mode');
    expect(complaint("lock mov [rax], eax")).toBe('line 1: "mov" takes no such prefix');
    expect(complaint("jmp nowhere")).toBe('line 1: there is no label "nowhere"');
    expect(complaint("a: nop\na: nop")).toBe('line 2: the label "a" is already defined');
    expect(complaint("mov eax, [rax*3]")).toBe("line 1: an index is scaled by 1, 2, 4 or 8, not by 3");
    expect(complaint("mov eax, [rax+ebx]")).toBe("line 1: registers of two widths in one address");
    expect(complaint("mov eax, 5 5")).toBe('line 1: "5 5" cannot be read');
    expect(complaint("db 256")).toBe("line 1: 256 does not fit into 1 bytes");
    expect(complaint("mov rax, [rsi]", 32)).toBe('line 1: "mov" has no form with these operands');
    expect(complaint(`loop away\n${"nop\n".repeat(200)}away:`)).toBe('line 1: "loop" has no form with these operands');
  });

  it("takes any text without harm: bytes, or a complaint of one line", () => {
    const words =
      "mov add jmp lock rep far short rel ptr byte dword qword rax eax al ah r9 xmm1 ymm2 mm3 st st(1) cs fs: [ ] + - * , : ; 0 1 0x10 -1 $ a db dq 'x' rip ( ) \" 99999999999999999999 o16 a32 vaddps".split(
        " ",
      );
    const random = new Random(3);
    for (let n = 0; n < 5000; n++) {
      const text = Array.from({ length: 1 + random.below(7) }, () => random.pick(words)).join(random.chance(0.8) ? " " : "");
      expect(complaint(text, random.pick(modes))).toMatch(/^(none|line 1: .+)$/);
    }
  });

  it.each(modes)("encodes what was decoded, and assembles what the disassembler writes: fixed points over %i-bit code", (mode) => {
    const judge = new EncoderJudge();
    const problems: string[] = [];
    let count = 0;
    for (const vex of [false, true]) {
      for (const buffer of candidates(mode, vex, new Random(mode + 5))) {
        judge.judge(mode, buffer, (problem) => {
          count++;
          if (problem !== undefined) problems.push(problem);
        });
      }
    }
    expect(count).toBeGreaterThan(10_000);
    expect(problems.slice(0, 20)).toEqual([]);
  });

  it.skipIf(missing("NASM as a judge", nasm)).each(modes)("makes the bytes that NASM makes of the same text, in %i-bit mode", (mode) => {
    const at = 0x1000;
    const texts = new Set<string>();
    for (const { d } of decoded(mode, mode + 9, at)) {
      const text = instructionText(d).replace(/\[rip[^\]]*\]/, `[rel ${d.disp}]`);
      if (!nasmDiffers.some(([what]) => what.test(text))) texts.add(text);
    }
    const lines = [...texts];
    const theirs = nasmBytes(
      lines.map((l) => nasmText(l, at)),
      mode,
      at,
    );
    if (typeof theirs === "string") throw new Error(theirs);
    const ours = assemble(lines.join("\n"), { mode, at });
    const problems: string[] = [];
    for (const { address, bytes: made, line } of ours.statements) {
      const want = theirs.subarray(address - at, address - at + made.length);
      if (hex(want) !== hex(made)) problems.push(`${lines.slice(line - 2, line).join("; ")}: NASM ${hex(want)}, ours ${hex(made)}`);
      if (problems.length > 3) break;
    }
    expect(lines.length).toBeGreaterThan(6000);
    expect(problems).toEqual([]);
    expect(theirs.length).toBe(ours.bytes.length);
  });

  describe.each([
    ["amd64", 64],
    ["i386", 32],
  ] as const)("on Debian's lua of %s", (architecture, mode) => {
    const lua = debian(`lua-${architecture}`);
    it.skipIf(missing("assembling a program", lua, objdump))("needs no more bytes than GNU as did", () => {
      const listed = listing(`${lua.path}/usr/bin/lua5.4`);
      const at = listed[0]?.address ?? 0;
      const seen = new Set<string>();
      let [same, all] = [0, 0];
      const longer: string[] = [];
      for (const l of disassemble(Buffer.concat(listed.map((x) => x.bytes)), { mode, at })) {
        if (seen.has(l.text)) continue;
        seen.add(l.text);
        const made = assemble(l.text, { mode, at: l.address }).bytes;
        all++;
        if (hex(made) === hex(l.bytes)) same++;
        if (made.length > l.bytes.length) longer.push(`${l.text}: ${hex(made)}, as ${hex(l.bytes)}`);
      }
      expect(longer).toEqual([]);
      expect(same / all).toBeGreaterThan(0.95);
    });
  });
});
