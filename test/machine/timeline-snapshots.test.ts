// The snapshots of a timeline come where the host's clock says so. Each is the state of its moment, also if a
// timer was due there, a task slept, or memory was used before.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Machine } from "../../src/machine/machine.ts";
import { NEVER } from "../../src/machine/moment.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { Random } from "../../tools/oracle/random.ts";
import { differences } from "../../tools/timeline/anywhere.ts";
import { top } from "../support/host.ts";

const include = (name: string): string => readFileSync(`${top}/guest/src/${name}`, "utf8");
const assembled = (text: string): Uint8Array => assembleProgram(`%include "guest.inc"\n elf64\n${text}\n end_elf`, { include }).bytes;

/** A timer each 13 µs whose signal is ignored, so that it leaves no trace but the time at which it fired. */
const ticking = assembled(`
  section .data
ignore: dq 1, 0x4000000, 0, 0
period: dq 0, 13, 0, 13
sleep:  dq 0, 40000
  section .text
_start: call64 13, 14, ignore, 0, 8
        call64 38, 0, period, 0
        mov ebx, 20
.again: mov ecx, 15000
.turn:  dec ecx
        jnz .turn
        test bl, 3
        jnz .on
        call64 35, sleep, 0
.on:    dec ebx
        jnz .again
        die 0`);

/** The differences of all snapshots that a timeline takes under a clock of random steps. */
const snapshotsOf = async (program: Uint8Array, seed: number): Promise<{ readonly taken: number; readonly wrong: readonly string[] }> => {
  const random = new Random(seed);
  const machine = new Machine();
  let now = 0;
  Object.assign(machine.kernel.deadline, { clock: () => (now += random.chance(0.1) ? 2 : 0) });
  const timeline = new Timeline(machine, program, { stdin: "" }, { every: 1 });
  timeline.turn = async () => {};
  await timeline.run(NEVER);
  const { entries } = timeline;
  return { taken: entries.length, wrong: await differences({ program, boot: {} }, entries) };
};

/** Pages with bytes of their round come and go; then a pipe has bytes, and a file has allocated pages. */
const reusing = assembled(`
  section .data
name:   db "file", 0
  section .text
_start: mov ebx, 3
.again: call64 9, 0, 0x4000, 3, 0x22
        mov r15, rax
        mov rdi, rax
        mov ecx, 0x800
        mov rax, rbx
        rep stosq
        call64 11, r15, 0x4000
        mov ecx, 3000
.turn:  dec ecx
        jnz .turn
        call64 22, bss
        mov edi, [bss + 4]
        call64 1, rdi, name, 4
        call64 319, name, 0
        mov r14, rax
        call64 285, r14, 0, 0, 0x3000
        mov ecx, 3000
.hold:  dec ecx
        jnz .hold
        call64 3, r14
        mov r14d, [bss]
        call64 3, r14
        mov r14d, [bss + 4]
        call64 3, r14
        dec ebx
        jnz .again
        die 0`);

describe("snapshots of a timeline", () => {
  it("are the states of their moments, between timers too", { timeout: 60_000 }, async () => {
    const { taken, wrong } = await snapshotsOf(ticking, 3);
    expect(wrong).toEqual([]);
    expect(taken).toBeGreaterThan(5);
  });
  it("leave no earlier bytes in new pages of pipes and files", { timeout: 60_000 }, async () => {
    const timeline = new Timeline(new Machine(), reusing, { stdin: "" });
    await timeline.approach({ instructions: 4000, steps: 0 });
    timeline.keep();
    // The memory has bytes of the last round when the first one goes on from here.
    await timeline.run(NEVER);
    await timeline.approach({ instructions: 10_000, steps: 0 });
    const visit = { moment: timeline.moment, state: timeline.live.save() };
    expect(await differences({ program: reusing, boot: {} }, [visit])).toEqual([]);
  });
});
