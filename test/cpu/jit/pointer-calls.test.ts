// Calls through pointers at constant addresses. Small functions become part of their callers' regions under
// the assumption that the pointer does not change. They must not run after it has changed.
import { beforeAll, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import type { BlockGraph } from "../../../src/cpu/jit/cfg/graph.ts";
import { exit } from "../../../src/cpu/machine/exit.ts";
import { R } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { CODE, DATA, PAGE, plain, Twins } from "./twins.ts";

let code: CpuCode;
beforeAll(async () => {
  code = await freshCode();
});

const ROUNDS = 2000;
/**
 * The pointer changes after so many iterations: to a function that returns, a large one, or one that returns
 * for its caller too.
 */
const EACH = 256;
const program = (bits: 64 | 32): string => {
  const word = bits / 8;
  const [ax, sp] = bits === 64 ? ["rax", "rsp"] : ["eax", "esp"];
  const pointer = (n: number) => `[${DATA + n * word}]`;
  return `
    mov ecx, ${ROUNDS}
    again: call leaf
    dec ecx
    jz done
    test ecx, ${EACH - 1}
    jnz again
    mov ${ax}, ${pointer(0)}
    xchg ${ax}, ${pointer(1)}
    xchg ${ax}, ${pointer(2)}
    mov ${pointer(0)}, ${ax}
    jmp again
    done: hlt
    leaf: inc ebx
    call ${pointer(0)}
    add ebx, edx
    ret
    small: add edx, 3
    ret
    other: call small
    xor edx, ebx
    ret
    beyond: add ${sp}, ${word}
    sub edx, ebx
    ret`;
};

it.each([64, 32] as const)("a call through a pointer reaches the present target, in %i bits", (bits) => {
  const { bytes, labels } = assemble(program(bits), { mode: bits, at: CODE });
  const label = (name: string): number => labels.get(name) as number;
  const twins = new Twins(code, bits);
  const regions: BlockGraph[] = [];
  const imported = new Set<string>();
  twins.each(({ jit }) => {
    jit.onRegion = (graph, wasm) => {
      regions.push(graph);
      for (const { kind, name } of WebAssembly.Module.imports(new WebAssembly.Module(wasm as BufferSource)))
        imported.add(`${kind} ${name}`);
    };
  });
  twins.load(bytes);
  for (let n = 0; n < 2; n++) twins.map(n, plain(n));
  const pointers = Buffer.alloc(PAGE);
  for (const [n, name] of ["small", "other", "beyond"].entries()) pointers.writeUInt32LE(label(name), (n * bits) / 8);
  twins.fill((n) => pointers[n] ?? 0);
  twins.each(({ state }) => {
    state.rip = CODE;
    state.setGpr(R.sp, DATA + 2 * PAGE);
  });
  const run = (count: number) => twins.run(count, () => `${bits} bits`);
  // Enough to be compiled, in the middle of an iteration or at its end.
  run(1000);
  twins.compile(label("again"));
  let ended = run(777);
  for (let n = 0; n < 200 && ended.why === exit.budget; n++) ended = run(777);
  expect(ended).toMatchObject({ why: exit.fault, rip: label("done") });
  expect(regions.some(({ blocks }) => ["again", "leaf", "small"].every((name) => blocks.has(label(name))))).toBe(true);
  // V8 keeps a copy of an imported table in each instance (docs/decisions/0057).
  expect(imported).toContain("function enterRegion");
  expect([...imported].filter((i) => i.startsWith("table"))).toEqual([]);
});
