// Functions that gdb calls in a recording, and in the past of a run: they leave nothing.
import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, gcc32, missing, nativeX64, top } from "../support/host.ts";
import { gdbOn } from "./gdb.ts";

const minutes = { timeout: 120_000 };
/** The recording of a run that reads "hello", and its program. */
const recorded = (folder: string, option: string): { readonly program: string; readonly recording: string } => {
  const [program, recording] = [`${folder}/calls`, `${folder}/run.recording`];
  execFileSync("gcc", [option, "-g", "-O0", "-static", "-o", program, `${top}/test/debug/calls.c`]);
  const words = ["--import", "tsx", `${top}/tools/trapgate.ts`, "record", "-o", recording, program];
  expect(spawnSync(process.execPath, words, { cwd: top, input: "hello\n", encoding: "utf8" }).stdout).toBe("var -42, read 6: hello\n");
  return { program, recording };
};
/** gdb ends a file of commands at the first error. */
const tried = (command: string): string => `python exec('try: gdb.execute("${command}")\\nexcept gdb.error as error: print(error)')`;
const valuesIn = (said: string) => [...said.matchAll(/^\$\d = (.*)$/gm)].map(([, value]) => value);
const END = "var -42, read 6: hello\n";
const begin = ["break here", "continue"];

describe.skipIf(missing("calls in a recording", nativeX64, gcc, gcc32))("a function that gdb calls in a recording", () => {
  it.each(["-m64", "-m32"])("is no call in the past if the run is not known there: %s", minutes, async (option) => {
    await inFolder(async (folder) => {
      const { program } = recorded(folder, option);
      // It returns to the stack, where a signal ends it: a stop before a step of the kernel that is known.
      const calls = ["print change()", 'print length("four")', "print inner()", "print outer()"];
      const said = gdbOn(folder, program, [...begin, ...calls, "set var var = 5", "continue"]);
      expect(valuesIn(said)).toEqual(["22", "4", "22", "7"]);
      expect(said).toMatch(/exited normally/);
      expect(said).not.toMatch(/while in a function/);
    });
  });
  it.each(["-m64", "-m32"])("leaves nothing: %s", minutes, async (option) => {
    await inFolder(async (folder) => {
      const { program, recording } = recorded(folder, option);
      const said = gdbOn(
        folder,
        recording,
        [
          ...begin,
          "print change()",
          'print length("four")',
          "print sum(1, 2, 3, 4, 5, 6, 7, 8)",
          "print half(3.0)",
          "print var",
          "monitor branch",
          "set unwindonsignal on",
          tried("print crash()"),
          "continue",
        ],
        { symbols: program },
      );
      expect(valuesIn(said)).toEqual(["22", "4", "36", "1.5", "22"]);
      expect(said).toMatch(/^\* 0 .*\n(?! )/m);
      expect(said).toContain(END);
    });
  });
  it("may stop, and leaves nothing after its end", minutes, async () => {
    await inFolder(async (folder) => {
      const { program, recording } = recorded(folder, "-m64");
      const commands = [
        ...begin,
        "break inner",
        tried("print outer()"),
        "print change()",
        "print var",
        "finish",
        "finish",
        "print var",
        "continue",
      ];
      const said = gdbOn(folder, recording, commands, { symbols: program });
      expect(valuesIn(said)).toEqual(["22", "22", "22"]);
      expect(said).toContain(END);
    });
  });
  it.each(["-m64", "-m32"])("ends the program, which stands then where it stood before: %s", minutes, async (option) => {
    await inFolder(async (folder) => {
      const { program, recording } = recorded(folder, option);
      const ended = "The program being debugged exited while in a function called from GDB.";
      // gdb writes the registers again, or does not.
      const unwinds = option === "-m64" ? "on" : "off";
      const commands = [
        `set unwindonsignal ${unwinds}`,
        ...begin,
        tried("print leave()"),
        "frame",
        "print var",
        "monitor branch",
        "continue",
      ];
      const left = gdbOn(folder, recording, commands, { symbols: program });
      expect(left).toContain(ended);
      expect(left).toMatch(/^#0 +here \(\) at/m);
      expect(valuesIn(left)).toEqual(["-42"]);
      expect(left).toMatch(/^\* 0 .*\n(?! )/m);
      expect(left).toContain(END);
      // The signal that stops in the function ends the program.
      const said = gdbOn(folder, recording, [...begin, tried("print crash()"), "continue", "frame", "continue"], { symbols: program });
      expect(said.split(ended).length).toBe(2);
      expect(said).toMatch(/^#0 +here \(\) at/m);
      expect(said).toContain(END);
    });
  });
  it("is told from changes of the user, which stay on a branch", minutes, async () => {
    await inFolder(async (folder) => {
      const { program, recording } = recorded(folder, "-m64");
      const said = gdbOn(folder, recording, [...begin, "print change()", "set var var = 5", "print inner()", "continue"], {
        symbols: program,
      });
      expect(said).toMatch(/\$2 = 5\n/);
      expect(said).toMatch(/var 5, read 0: /);
      const pointed = [...begin, "print first()", "set var *$1 = 88", "continue"];
      expect(gdbOn(folder, recording, pointed, { symbols: program })).toMatch(/read 0: X/);
    });
  });
  it("leaves nothing in the past of a run, and is part of it at its end", minutes, async () => {
    await inFolder(async (folder) => {
      const { program } = recorded(folder, "-m64");
      const past = gdbOn(folder, program, [...begin, "finish", "reverse-stepi", "print change()", "continue"]);
      expect(past).toMatch(/\$1 = 22\n/);
      expect(past).toMatch(/var -42, read 0: /);
      expect(gdbOn(folder, program, [...begin, "print change()", "continue"])).toMatch(/var 22, read 0: /);
    });
  });
});
