// A debugger that begins in the middle of a run has one process, as one that came there: the others run on.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { top } from "../support/host.ts";
import { serve } from "./serve.ts";

const include = (name: string): string => readFileSync(`${top}/guest/src/${name}`, "utf8");
const program = assembleProgram(
  `%include "guest.inc"
 elf64
_start: call64 57
        test eax, eax
        jz .child
        call64 61, -1, 0, 0, 0
        die 4
.child: mov ecx, 9000
.turn:  dec ecx
        jnz .turn
        die 3
 end_elf`,
  { include },
).bytes;

it("a debugger that begins at a moment sees its current process only", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }));
  await debug.restart();
  await debug.goTo({ instructions: 9000, steps: 0 });
  debug.detachOthers();
  const { ask } = serve(debug);
  await ask("qSupported:multiprocess+");
  expect(await ask("?")).toMatch(/thread:p3\.3;/);
  expect(await ask("qfThreadInfo")).toBe("mp3.3");
  expect(await ask("vCont;c:p3.-1")).toMatch(/^W03;process:3$/);
  expect(debug.attach(2)).toBe(true);
});
