// `--until-exec`: a process's history ends before it executes another program, as before its exit.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import type { Followed } from "../../src/debug/follow.ts";
import { programCounter } from "../../src/debug/registers.ts";
import type { Task } from "../../src/kernel/core/task.ts";
import { SIG } from "../../src/kernel/signal/state/set.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { top } from "../support/host.ts";

const include = (name: string): string => readFileSync(`${top}/guest/src/${name}`, "utf8");
const { bytes: program, labels } = assembleProgram(
  `%include "guest.inc"
 elf64
_start: cmp dword [rsp], 1
        jne .again
        call64 57
        test eax, eax
        jz .child
        call64 61, -1, 0, 0, 0
.child: lea rdi, [self]
        lea rsi, [argv]
        xor edx, edx
        mov eax, 59
.exec:  syscall
        die 4
.again: die 3
self:   db "/proc/self/exe", 0
        align 8
argv:   dq self, self, 0
 end_elf`,
  { include },
);
const begun = async (endsAtExec: boolean, followed?: Followed) => {
  const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }));
  debug.followed = followed;
  debug.endsAtExec = endsAtExec;
  await debug.restart();
  debug.events.exec = true;
  debug.passes = new Set([SIG.SIGCHLD]);
  return debug;
};
const end = { pid: 2, tid: 2, why: { kind: "history", end: "end" } };

it("history ends before the first program executes another one, and not at an exec of its child", async () => {
  const debug = await begun(true);
  expect(await debug.continue()).toEqual(end);
  const { moment } = debug.timeline;
  const exec = labels.get("_start.exec") as number;
  expect(programCounter(debug.task(2) as Task)).toBe(exec);
  // There is no way on, by an instruction or at full speed.
  expect([await debug.step(2), await debug.continue(), debug.timeline.moment]).toEqual([end, end, moment]);
  expect((await debug.stepBack(2)).why.kind).toBe("step");
  expect([(await debug.step(2)).why.kind, debug.timeline.moment]).toEqual(["step", moment]);
  debug.addBreakpoint(2, exec, "swbreak");
  expect((await debug.continueBack()).why.kind).toBe("history");
  expect((await debug.continue()).why.kind).toBe("breakpoint");
  expect(await debug.continue()).toEqual(end);
});
it("without it gdb follows the process", async () => {
  const debug = await begun(false);
  expect((await debug.continue()).why.kind).toBe("exec");
  expect((await debug.continue()).why).toEqual({ kind: "ended", status: 3 << 8 });
});
it("the exec with which a debugger begins ends no history, also after a way back", async () => {
  const debug = await begun(true, { exec: 3 });
  expect((await debug.continueBack()).why).toEqual({ kind: "history", end: "begin" });
  expect((await debug.continue()).why.kind).toBe("exec");
  expect((await debug.continue()).why).toEqual({ kind: "ended", status: 3 << 8 });
});
