// The owner may interrupt a timeline at any time. A way to a moment does not end between moments: a debugger
// would take the wrong one for its stop (gdb.threads/infcall-from-bp-cond-simple.exp).
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Machine } from "../../src/machine/machine.ts";
import { NEVER } from "../../src/machine/moment.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { top } from "../support/host.ts";

const { bytes: program } = assembleProgram(
  `%include "guest.inc"
 elf64
_start: mov ecx, 100000
.again: dec ecx
        jnz .again
        call64 39
        die 0
 end_elf`,
  { include: (name) => readFileSync(`${top}/guest/src/${name}`, "utf8") },
);

it("ways to a moment arrive there while the owner interrupts them", async () => {
  const machine = new Machine();
  let now = 0;
  // Each look at the clock is a turn of the owner.
  const clock = (): number => (now += 31);
  Object.assign(machine.kernel.deadline, { clock });
  const timeline = new Timeline(machine, program, { stdin: "" }, { every: 1e9 });
  timeline.onRestored = () => void Object.assign(timeline.kernel.deadline, { clock });
  timeline.turn = async () => {};
  expect(await timeline.run(NEVER)).toBe("ended");
  let turns = 0;
  let interrupts = 0;
  timeline.turn = async () => {
    if (turns++ % 2 !== 0) return;
    interrupts++;
    timeline.interrupt();
  };
  for (const instructions of [150_000, 70_001, 200_000]) {
    const moment = { instructions, steps: 0 };
    await timeline.goTo(moment);
    expect(timeline.moment).toEqual(moment);
    expect(await timeline.back()).toEqual({ instructions: instructions - 1, steps: 0 });
    expect(timeline.moment.instructions).toBe(instructions - 1);
    expect([await timeline.step(true), timeline.moment.instructions]).toEqual(["moment", instructions]);
    expect(interrupts).toBeGreaterThan(0);
    interrupts = 0;
  }
});
