// Commands of breakpoints: gdb's `dprintf` in the style `agent`.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/cpu/engine.ts";
import { assembleProgram } from "../../src/cpu/index.ts";
import { agentPrintf } from "../../src/debug/agent-printf.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { hex, latin1 } from "../../src/debug/gdb/packet.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, gdb, missing, nativeX64, top } from "../support/host.ts";
import { gdbOn } from "./gdb.ts";
import { serve } from "./serve.ts";

const { bytes, labels } = assembleProgram(
  `%include "guest.inc"
 elf64
_start: mov r12d, 5
.turn:  nop
        dec r12d
        jnz .turn
.end:   die 0
.text:  db "text", 0
 end_elf`,
  { include: (name) => readFileSync(`${top}/guest/src/${name}`, "utf8") },
);
const place = (name: string): number => labels.get(`_start.${name}`) as number;
const [TURN, END, TEXT] = [place("turn"), place("end"), place("text")];
/** Code for agents that prints r12. */
const printing = (format: string): string =>
  hex(Uint8Array.of(0x26, 0, 12, 0x22, 0, 0x22, 0, 0x34, 1, 0, format.length + 1, ...latin1(`${format}\0`), 0x27));
const commands = (format: string, persists = 0): string => {
  const code = printing(format);
  return `;cmds:${persists},X${(code.length / 2).toString(16)},${code}`;
};
/** r12 is 3. */
const IS_THREE = hex(Uint8Array.of(0x26, 0, 12, 0x22, 3, 0x13, 0x27));

const connect = async (engine: Engine = "auto") => {
  const debug = new Debugger(new Timeline(new Machine({ engine }), bytes, { stdin: "" }));
  await debug.restart();
  const { server, ask, replies } = serve(debug);
  const logged: string[] = [];
  server.onLog = (line) => logged.push(line);
  /** The console's text of a packet, and its reply. */
  const said = async (packet: string): Promise<readonly [text: string, reply: string | undefined]> => {
    const reply = await ask(packet);
    const texts = replies.filter((each) => /^O[0-9a-f]/.test(each)).map((each) => Buffer.from(each.slice(1), "hex").toString("latin1"));
    return [texts.join(""), reply];
  };
  expect(await ask("qSupported:swbreak+;hwbreak+")).toMatch(/;BreakpointCommands\+;/);
  return { debug, said, logged, ask };
};
const at = (address: number): string => `0,${address.toString(16)},1`;

describe("commands of breakpoints", () => {
  it.each(["interpret", "baseline", "jit"] satisfies Engine[])(
    "print each time that a thread comes there, forward only (%s)",
    async (engine) => {
      const { said, ask } = await connect(engine);
      expect(await ask(`Z${at(TURN)}${commands("%d,")}`)).toBe("OK");
      expect(await ask(`Z${at(END)}`)).toBe("OK");
      expect(await said("c")).toEqual(["5,4,3,2,1,", expect.stringMatching(/^T05.*swbreak/)]);
      expect(await said("bc")).toEqual(["", expect.stringMatching(/replaylog:begin/)]);
      expect(await said("c")).toEqual(["5,4,3,2,1,", expect.stringMatching(/^T05.*swbreak/)]);
      expect(await ask(`z${at(TURN)}`)).toBe("OK");
      await ask("bc");
      expect((await said("c"))[0]).toBe("");
    },
  );
  it("obey conditions", async () => {
    const { said, ask } = await connect();
    await ask(`Z${at(TURN)};X${(IS_THREE.length / 2).toString(16)},${IS_THREE}${commands("%d,")}`);
    expect(await said("c")).toEqual(["3,", "W00"]);
  });
  it("print when a step ends there, since gdb goes on without the breakpoint", async () => {
    const { said, ask } = await connect();
    await ask(`Z${at(TURN)}${commands("%d,")}`);
    expect(await said("s")).toEqual(["5,", expect.stringMatching(/^T05/)]);
    expect(await said("s")).toEqual(["", expect.stringMatching(/^T05/)]);
    expect((await said("c"))[0]).toBe("4,3,2,1,");
  });
  it("do not stop a step over a range", async () => {
    const { said, ask } = await connect();
    await ask(`Z${at(TURN)}${commands("%d,")}`);
    expect((await said(`vCont;r${(TURN - 16).toString(16)},${END.toString(16)}`))[0]).toBe("5,4,3,2,1,");
    expect(await ask("p10")).toBe(hex(new Uint8Array(new BigUint64Array([BigInt(END)]).buffer)));
  });
  it("are gone when gdb sets the breakpoint without them", async () => {
    const { said, ask } = await connect();
    await ask(`Z${at(TURN)}${commands("%d,")}`);
    await ask(`Z${at(TURN)}`);
    expect(await said("c")).toEqual(["", expect.stringMatching(/^T05.*swbreak/)]);
  });
  it("say that they fail", async () => {
    const { said, ask } = await connect();
    await ask(`Z${at(TURN)}${commands("%s")}`);
    const [text] = await said("c");
    expect(text).toBe(`dprintf at 0x${TURN.toString(16)}: memory that cannot be read, or a directive that is not supported\n`.repeat(5));
    expect(await ask(`Z${at(TURN)};cmds:1,X5,00`)).toBe("E16");
    expect(await ask(`Z${at(TURN)};cmds:2,`)).toBe("E16");
  });
  it("print on the server's side when gdb has let the program go, if they persist", async () => {
    for (const persists of [0, 1]) {
      const { debug, ask, logged } = await connect();
      await ask(`Z${at(TURN)}${commands("%d,", persists)}`);
      await ask(`Z${at(END)}`);
      await debug.finish();
      await new Promise((done) => setTimeout(done, 1));
      expect(logged.join("")).toBe(persists ? "5,4,3,2,1," : "");
    }
  });
});

describe("the printf of commands", async () => {
  const { current } = (await connect()).debug;
  const print = (format: string, values: readonly number[]): string | undefined =>
    current && agentPrintf(format, values.map(BigInt), current.mem, 64);
  it.each([
    [String.raw`\a\b\e\f\n\r\t\v\"\\%%`, [], '\x07\b\x1b\f\n\r\t\v"\\%'],
    ["%d %i %u", [-1, -2, -1], "-1 -2 4294967295"],
    ["%ld %lu %lld %zu", [-1, -1, -1, 7], "-1 18446744073709551615 -1 7"],
    ["%hhd %hu", [255, 65_537], "-1 1"],
    ["%+d % d %05d %-5d| %5d", [1, 2, -3, 4, 5], "+1  2 -0003 4    |     5"],
    ["%x %X %#x %#o %#X %#x", [255, 255, 255, 8, 255, 0], "ff FF 0xff 010 0XFF 0"],
    ["%.3d %6.3d %.0d|%08x %#06x", [7, 7, 0, 255, 255], "007    007 |000000ff 0x00ff"],
    ["%c%3c", [65, 66], "A  B"],
    ["%s %.2s %6s %-6s| %s %.3s", [TEXT, TEXT, TEXT, TEXT, 0, 0], "text te   text text  | (null) (nu"],
    ["%p %p", [4096, 0], "0x1000 (nil)"],
  ] as const)("prints %j", (format, values, text) => {
    expect(print(format, values)).toBe(text);
  });
  it.each([
    ["%d", []],
    ["", [1]],
    ["%n", [1]],
    ["%f", [1]],
    ["%s", [1]],
    ["%99999d", [1]],
    ["%", []],
    ["\\q", []],
  ] as const)("refuses %j with %j", (format, values) => {
    expect(print(format, values)).toBeUndefined();
  });
});

describe.skipIf(missing("gdb on trapgate debug", nativeX64, gcc, gdb))("gdb", () => {
  it("leaves dprintf to the server, and takes it back for a breakpoint at the same place", { timeout: 180_000 }, async () => {
    await inFolder(async (folder) => {
      const program = `${folder}/crash`;
      execFileSync("gcc", ["-g", "-O0", "-static", "-o", program, `${top}/test/debug/crash.c`]);
      const said = gdbOn(folder, program, [
        "set dprintf-style agent",
        'dprintf crash.c:16,"counter=%d %lu|%3c|%#lx\\n", counter, sizeof(int), 65, list != 0',
        "tbreak crash.c:20",
        "continue",
        "next",
        "tbreak crash.c:20 if i == 2",
        "continue",
        "break crash.c:16",
        "continue",
        "delete $bpnum",
        "continue",
      ]);
      // The third of five calls stops.
      const printed = said.match(/^(counter|dprintf).*/gm);
      expect(printed).toEqual([0, 0, 3, 6].map((n) => `counter=${n} 4|  A|0x1`));
      expect(said.match(/^Breakpoint \d, add \(v=2\)|^Program received signal SIGSEGV/gm)).toHaveLength(2);
    });
  });
});
