// A handler of SIGSEGV whose frame does not fit: Linux force_sigsegv() sends the signal once more, with its
// default action, and a debugger sees both. gdb on a native Linux stops twice, too.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { SIG } from "../../src/kernel/signal/state/set.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { top } from "../support/host.ts";

const include = (name: string): string => readFileSync(`${top}/guest/src/${name}`, "utf8");
// rt_sigaction(SIGSEGV, {handler, SA_RESTORER}).
const program = assembleProgram(
  `%include "guest.inc"
 elf64
_start: call64 13, 11, action, 0, 8
        xor esp, esp
        push rax
        die 4
never:  die 5
        align 8
action: dq never, 0x04000000, never, 0
 end_elf`,
  { include },
).bytes;
const segv = { kind: "signal", signo: SIG.SIGSEGV };
const ended = { kind: "ended", status: SIG.SIGSEGV };

it("a debugger sees both faults of a stack that has no room for a handler", async () => {
  for (const step of [false, true]) {
    const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }));
    await debug.restart();
    const on = async () => {
      debug.giveSignal(2, debug.signalOf(2)?.signo ?? 0);
      const { why } = await (step && debug.signalOf(2) ? debug.step(2) : debug.continue());
      return why.kind === "ended" ? { ...why, status: why.status & 0x7f } : why;
    };
    expect([await on(), await on(), await on()]).toEqual([segv, segv, ended]);
    debug.keepsEnd = true;
    await debug.restart();
    expect([await on(), await on(), (await on()).kind]).toEqual([segv, segv, "history"]);
    // The end is before the second one is delivered; the way back meets the first one.
    expect([(await debug.continueBack()).why, (await debug.continueBack()).why.kind]).toEqual([segv, "history"]);
  }
});
