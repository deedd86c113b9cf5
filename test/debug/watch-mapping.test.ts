// A watchpoint is met by calls that map or unmap its memory, also when all its bytes are zeros.
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
_start: call64 9, 0x10000000, 0x1000, 3, 0x32
        mov byte [0x10000000], 1
        mov byte [0x10000000], 0
        call64 11, 0x10000000, 0x1000
        die 0
 end_elf`,
  { include },
).bytes;

it("a watchpoint stops where its page comes, is written, and goes, forward and backward", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }));
  await debug.restart();
  const { ask } = serve(debug);
  await ask("qSupported:multiprocess+");
  expect(await ask("Z2,10000000,1")).toBe("OK");
  const stops = async (packet: string): Promise<number> => {
    let count = 0;
    while (/watch:10000000;/.test((await ask(packet)) ?? "")) count++;
    return count;
  };
  expect(await stops("vCont;c")).toBe(4);
  expect(await stops("bc")).toBe(4);
});
