// The way back to a write in a hot loop, whose other writes are not looked at one by one.
import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { Notices } from "../../src/debug/notices.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { top } from "../support/host.ts";

const PASSES = 200_000;
const [counter, same] = [0x10000000, 0x10000008];
const include = (name: string): string => readFileSync(`${top}/guest/src/${name}`, "utf8");
const program = assembleProgram(
  `%include "guest.inc"
 elf64
_start: call64 9, 0x10000000, 0x1000, 3, 0x32
        mov ecx, ${PASSES}
        mov eax, ${counter}
.pass:  mov [rax], ecx
        mov dword [rax + 8], 7
        dec ecx
        jnz .pass
        die 0
 end_elf`,
  { include },
).bytes;

const debugged = async (address: number): Promise<Debugger> => {
  // No snapshot but that of the beginning.
  const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }, { every: 1e6 }));
  await debug.restart();
  await debug.goTo({ instructions: 4 * PASSES, steps: 0 });
  debug.addWatch({ pid: 2, address, length: 4, on: "write" });
  return debug;
};

it("finds the last write of many, and the one before, by few stops", { timeout: 120_000 }, async () => {
  const debug = await debugged(counter);
  const notes = vi.spyOn(Notices.prototype, "bytesOf");
  const moments: number[] = [];
  for (let i = 0; i < 3; i++) {
    expect((await debug.continueBack()).why).toMatchObject({ kind: "watch", on: "write", address: counter });
    moments.push(debug.timeline.moment.instructions);
  }
  // A loop has four instructions.
  expect(moments.map((moment) => (moments[0] as number) - moment)).toEqual([0, 4, 8]);
  expect(notes.mock.calls.length).toBeLessThan(PASSES / 10);
  notes.mockRestore();
});
it("finds the first write of many that write the same", { timeout: 120_000 }, async () => {
  const debug = await debugged(same);
  const end = debug.timeline.moment.instructions;
  expect((await debug.continueBack()).why).toMatchObject({ kind: "watch", address: same });
  expect(end - debug.timeline.moment.instructions).toBeGreaterThan(4 * (PASSES - 10));
  expect((await debug.continueBack()).why).toMatchObject({ kind: "watch", address: same });
  expect((await debug.continueBack()).why).toMatchObject({ kind: "history", end: "begin" });
});
