// The debugger's packets: the form, and hostile ones. A peer that sends anything gets an answer or silence;
// the machine does not fail, and the next good packet is served.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Cpu } from "../../src/cpu/cpu.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { hex, latin1, PacketReader, packet, textOf, unhex } from "../../src/debug/gdb/packet.ts";
import { gdbSignal, linuxSignal } from "../../src/debug/gdb/signals.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { top } from "../support/host.ts";
import { serve } from "./serve.ts";

/** A server and what it has sent. */
const connect = async () => {
  const timeline = new Timeline(new Machine(), readFileSync(`${top}/guest/bin/a1`), { stdin: "" });
  const debug = new Debugger(timeline);
  await debug.restart();
  const { ask: send, replies } = serve(debug);
  /** The last reply that is not text for gdb's console. */
  const ask = async (data: string | Uint8Array): Promise<string | undefined> => {
    const last = await send(data);
    return replies.findLast((reply) => !/^O[0-9a-f]/.test(reply)) ?? last;
  };
  return { debug, ask };
};

describe("packets", () => {
  it("are read strictly, in any pieces", () => {
    const reader = new PacketReader();
    const bytes = packet(latin1("m1000,10"));
    const found = [...bytes].flatMap((byte) => reader.read(Uint8Array.of(byte)));
    expect(found).toEqual([{ data: latin1("m1000,10") }]);
    expect(reader.read(latin1("$g#00"))).toEqual(["bad"]);
    expect(reader.read(latin1("$g#6"))).toEqual([]);
    expect(reader.read(latin1("7"))).toEqual([{ data: latin1("g") }]);
    expect(reader.read(latin1("+-\x03junk$?#3f"))).toEqual(["ack", "nak", "interrupt", { data: latin1("?") }]);
  });
  it("carry all bytes", () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(new PacketReader().read(packet(all))).toEqual([{ data: all }]);
    expect(unhex(hex(all))).toEqual(all);
  });
  it("too large ones are refused, and reading goes on", () => {
    const reader = new PacketReader();
    expect(reader.read(packet(new Uint8Array(0x30000)))).toEqual(["bad"]);
    expect(reader.read(packet(latin1("?")))).toEqual([{ data: latin1("?") }]);
  });
});

describe("signals", () => {
  it("have one number of gdb each", () => {
    const all = Array.from({ length: 64 }, (_, i) => i + 1).filter((signo) => signo !== 16);
    expect(new Set(all.map(gdbSignal)).size).toBe(63);
    for (const signo of all) expect(linuxSignal(gdbSignal(signo))).toBe(signo);
    expect([gdbSignal(11), gdbSignal(10), gdbSignal(17), gdbSignal(34), linuxSignal(1000)]).toEqual([11, 30, 20, 46, 0]);
  });
});

describe("the server", () => {
  it("serves a packet once that gdb has sent again before its acknowledgement", async () => {
    const { server, ask, replies } = serve(new Debugger());
    const twice = packet(latin1("qSupported:multiprocess+"));
    server.receive(Uint8Array.of(...twice, ...twice));
    await server.idle;
    expect(replies).toEqual([expect.stringMatching(/multiprocess/)]);
    expect(await ask("qSupported:multiprocess+")).toMatch(/multiprocess/);
    await ask("QStartNoAckMode");
    server.receive(Uint8Array.of(...twice, ...twice));
    await server.idle;
    expect(replies.length).toBe(3);
  });
  it("finds bytes behind pages that are not there", async () => {
    const { debug, ask } = await connect();
    const { current, kernel } = debug;
    const at = (kernel.processor as Cpu).state.gpr(4) - 64;
    expect(debug.write(current?.process.pid as number, at, latin1("\x01needle"))).toBe(true);
    expect(await ask("qSearch:memory:0;ffffffffffffff00;\x01needle")).toBe(`1,${at.toString(16)}`);
    expect(await ask(`qSearch:memory:${(at + 1).toString(16)};ffffffffffff;\x01needle`)).toBe("0");
    expect(await ask("qSearch:memory:0;100;\x01needle")).toBe("E0e");
  });
  it("answers what gdb asks first", async () => {
    const { ask } = await connect();
    expect(await ask("qSupported:multiprocess+;swbreak+")).toMatch(/ReverseStep\+.*|multiprocess\+/);
    expect(await ask("?")).toMatch(/^T05thread:p2\.2;/);
    expect(await ask("qXfer:features:read:target.xml:0,ffff")).toMatch(/^l<\?xml/);
    expect(await ask("Hgp2.2")).toBe("OK");
    expect((await ask("g"))?.length).toBeGreaterThan(600);
    expect(await ask("vMustReplyEmpty")).toBe("");
    expect(await ask("qfThreadInfo")).toBe("mp2.2");
    expect(await ask(`vFile:readlink:${hex(latin1("/proc/self/exe"))}`)).toBe("F8;/program");
    expect(await ask(`vFile:readlink:${hex(latin1("/program"))}`)).toBe("F-1,16");
    expect(await ask(`vFile:readlink:${hex(latin1("/none"))}`)).toBe("F-1,2");
  });
  it("steps forward and back between the same states", { timeout: 60_000 }, async () => {
    const { ask } = await connect();
    await ask("qSupported:multiprocess+");
    const states = [await ask("g")];
    for (let i = 0; i < 12; i++) {
      expect(await ask("vCont;s:p2.2")).toMatch(/^T05/);
      states.push(await ask("g"));
    }
    for (let i = 11; i >= 0; i--) {
      expect(await ask("bs")).toMatch(/^T05/);
      expect(await ask("g")).toBe(states[i]);
    }
    expect(await ask("bs")).toMatch(/replaylog:begin/);
  });
  it("forgets the past, and keeps what comes", async () => {
    const { ask } = await connect();
    await ask("qSupported:multiprocess+");
    const states: (string | undefined)[] = [];
    for (let i = 0; i < 6; i++) {
      await ask("vCont;s:p2.2");
      states.push(await ask("g"));
    }
    for (let i = 0; i < 3; i++) await ask("bs");
    expect(await ask(`qRcmd,${hex(latin1("forget"))}`)).toMatch(/^[0-9a-f]+$/);
    expect(await ask("bs")).toMatch(/replaylog:begin/);
    expect(await ask("g")).toBe(states[2]);
    for (const state of states.slice(3)) {
      await ask("vCont;s:p2.2");
      expect(await ask("g")).toBe(state);
    }
    expect(await ask("bc")).toMatch(/replaylog:begin/);
    expect(await ask("g")).toBe(states[2]);
  });
  it("survives any packet", { timeout: 120_000 }, async () => {
    const { ask, debug } = await connect();
    let a = 7;
    const random = (n: number): number => {
      a = (Math.imul(a, 1664525) + 1013904223) | 0;
      return Math.floor(((a >>> 8) / 2 ** 24) * n);
    };
    const seeds =
      "g|G00|p1|P1=00|m400000,10|M400000,1:00|X400000,1:a|x0,10|Z0,400000,1|z0,400000,1|Z2,400000,8|Z1,,|H|Hgp-1.-1|Hcp2.2|T2|vCont;s:p2.2|vCont;r400000,400010:p2.2|vCont?|vCont;|bs|b|qXfer:auxv:read::0,100|qXfer:threads:read::0,1|qXfer:siginfo:read::0,9|qXfer:exec-file:read:2:0,9|qMemoryRegionInfo:400000|qSearch:memory:400000;100;ab|QCatchSyscalls:1;1|QPassSignals:e;14|vFile:open:2f,0,0|vFile:pread:3,10,0|vFile:close:3|vFile:fstat:3|qRcmd,7768656e|qRcmd,676f746f20616263|qThreadExtraInfo,p2.2|qC|qSupported|D;99|vFile:setfs:0".split(
        "|",
      );
    for (let i = 0; i < 1500; i++) {
      const bytes = latin1(seeds[random(seeds.length)] as string);
      const mutated = Array.from(bytes);
      for (let k = random(4); k > 0; k--) {
        const at = random(mutated.length + 1);
        if (random(3) === 0) mutated.splice(at, 1);
        else if (random(2) === 0) mutated.splice(at, 0, random(256));
        else mutated[Math.min(at, mutated.length - 1)] = random(256);
      }
      // These run to the end of the program, or end the session.
      const text = textOf(Uint8Array.from(mutated));
      if (/^(k|D$|R|v(Run|Kill)|c|C|vCont;[cC])/.test(text)) continue;
      await ask(Uint8Array.from(mutated));
    }
    await debug.restart();
    expect(await ask("?")).toMatch(/^T05/);
  });
});
