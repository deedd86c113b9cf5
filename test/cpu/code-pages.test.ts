// Pages with code and data: what a program pays for its accesses. The TLB takes what the page table allows,
// so a page that was read first is not asked for again. A store beside code leaves the code as it is.
import { expect, test } from "vitest";
import { Cpu } from "../../src/cpu/cpu.ts";
import { exit } from "../../src/cpu/machine/exit.ts";
import { layout } from "../../src/cpu/machine/layout.ts";
import { cacheWrite } from "../../src/cpu/machine/mmu.ts";
import { R } from "../../src/cpu/machine/state.ts";
import { assemble } from "../../src/cpu/text/assemble.ts";
import { freshCode } from "../../tools/oracle/code.ts";
import { descriptorTables } from "../../tools/oracle/descriptors.ts";
import { MEMORY_PAGES } from "../../tools/oracle/emulate.ts";
import { selector } from "../../tools/oracle/world.ts";

const CODE = 0x1000_0000;
const DATA = 0x2000_0000;

/** A processor with a page of code and a page of data, both writable, and the pages that it has asked for. */
const processor = async (text: string): Promise<{ readonly cpu: Cpu; readonly asked: number[] }> => {
  const cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), await freshCode());
  cpu.segments.tables = descriptorTables;
  cpu.segments.loadCode(selector.userCode64);
  const asked: number[] = [];
  cpu.setAddressSpace({
    translate: (address) => {
      asked.push(address - (address % 4096));
      return (address < DATA ? layout.frames : layout.frames + 4096) + cacheWrite;
    },
  });
  cpu.state.u8.set(assemble(text, { mode: 64, at: CODE }).bytes, layout.frames);
  cpu.state.rip = CODE;
  return { cpu, asked };
};

test("a page that is read and then written is asked for once", async () => {
  const { cpu, asked } = await processor(`mov rax, [${DATA}]\nadd rax, 5\nmov [${DATA}], rax\nhlt`);
  while (cpu.run(1000) !== exit.fault);
  expect(asked.filter((page) => page === DATA)).toEqual([DATA]);
  expect(cpu.state.view.getBigUint64(layout.frames + 4096, true)).toBe(5n);
});

test("code that was read as data first is decoded again after a store to it", async () => {
  // The byte at `here` is the immediate of the second instruction: 1, and 7 after the first round.
  const text = `mov al, [${CODE}]\nround: mov ebx, 1\nhere: add edx, ebx\nmov byte ptr [here - 4], 7\ndec ecx\njnz round\nhlt`;
  const { cpu } = await processor(text);
  cpu.state.setGpr(R.cx, 3);
  cpu.state.setGpr(R.dx, 0);
  while (cpu.run(1000) !== exit.fault);
  expect(Number(cpu.state.gpr(R.dx))).toBe(1 + 7 + 7);
});

test("a store to a page of code drops the blocks that it changes, and no others", async () => {
  // 50 stores beside the code; then one that changes the immediate at `there`, in another block.
  const text = `mov ecx, 50
    again: mov [${CODE + 2048}], ecx
    dec ecx
    jnz again
    mov byte ptr [there + 1], 9
    jmp there
    there: mov edx, 4
    hlt`;
  const { cpu } = await processor(text);
  cpu.engine = "interpret";
  cpu.run(2);
  while (cpu.run(1000) !== exit.fault);
  expect(Number(cpu.state.gpr(R.dx))).toBe(9);
  expect(cpu.blocks.invalidations).toBe(0);
  expect(cpu.blocks.decoded).toBeLessThan(8);
});

test("an instruction may change the next one, which is in its block", async () => {
  const { cpu } = await processor("mov byte ptr [next + 1], 7\nnext: mov edx, 4\nhlt");
  while (cpu.run(1000) !== exit.fault);
  expect(Number(cpu.state.gpr(R.dx))).toBe(7);
  // It was the only block there, so the page is no page of code any more.
  expect(cpu.blocks.invalidations).toBe(1);
});

test("a store of compiled code drops blocks that were decoded after its first store to the page", async () => {
  // The region `again` stores beside the code twice, then into `second`. That was decoded in between. Its
  // forms are those of `first`, so the routine decodes it, which tells no other part of it.
  const before = `mov edi, ${CODE + 2048}
    xor esi, esi
    mov ebp, first
    start: mov ecx, 9
    jmp again`;
  const text = `${before}
    again: mov [rdi], ecx
    dec ecx
    jnz again
    jmp rbp
    first: mov edx, 3
    cmp esi, 2
    je done
    inc esi
    mov ebp, second
    jmp start
    second: mov edx, 4
    cmp esi, 2
    je done
    inc esi
    mov edi, second + 1
    jmp start
    done: hlt`;
  const { cpu } = await processor(text);
  cpu.blocks.find(CODE);
  const { length } = assemble(`${before}\nfirst: again: hlt`, { mode: 64, at: CODE }).bytes;
  expect(cpu.jit.compile(CODE + length - 1)).toBe(true);
  while (cpu.run(1000) !== exit.fault);
  expect(Number(cpu.state.gpr(R.dx))).toBe(1);
});
