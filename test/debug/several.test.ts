// Several threads: signals that are delivered once, ends of threads, and a program that replaces itself.
// gdb's gdb.threads/signal-command-multiple-signals-pending.exp, non-ldr-exc-1.exp
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { Debugger } from "../../src/debug/debugger.ts";
import { hex, unhex } from "../../src/debug/gdb/packet.ts";
import { descriptionOf } from "../../src/debug/registers.ts";
import type { Task } from "../../src/kernel/core/task.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, missing, nativeX64, top } from "../support/host.ts";
import { addressOf } from "./gdb.ts";
import { serve } from "./serve.ts";

const [SIGUSR1, SIGUSR2] = [10, 12];

/** A program of two threads and its first thread. */
const begin = async (
  folder: string,
  args: readonly string[] = [],
  name = "several",
): Promise<{ readonly program: string; readonly debug: Debugger }> => {
  const program = `${folder}/${name}`;
  execFileSync("gcc", ["-g", "-O1", "-static", "-pthread", "-o", program, `${top}/test/debug/${name}.c`]);
  const files = { "/program": { content: readFileSync(program), mode: 0o755 } };
  const debug = new Debugger(new Timeline(new Machine({ files }), "/program", { stdin: "", args }));
  await debug.restart();
  return { program, debug };
};

/** The program until one of its threads has ended. The other one waits for it in futex(2). */
const afterAnEnd = async (folder: string) => {
  const { program, debug } = await begin(folder);
  const { ask } = serve(debug);
  await ask("qSupported:multiprocess+");
  await ask("QThreadEvents:1");
  await ask("QPassSignals:1e;1f");
  let stop = await ask("vCont;c");
  while (stop?.startsWith("T05")) stop = await ask("vCont;c");
  return { program, debug, ask, stop };
};

describe.skipIf(missing("signals and ends of threads", nativeX64, gcc))("threads", () => {
  it("do not stop again for signals that gdb has let through", { timeout: 60_000 }, async () => {
    await inFolder(async (folder) => {
      const { program, debug } = await begin(folder);
      const stops = [await debug.continue()];
      const first = stops[0]?.tid;
      // The second thread comes to its signal while the first one stands before its own.
      debug.hold(({ pid }) => pid === first);
      stops.push(await debug.continue());
      expect(new Set(stops.map(({ why }) => (why.kind === "signal" ? why.signo : 0)))).toEqual(new Set([SIGUSR1, SIGUSR2]));
      for (const { tid, why } of stops) debug.giveSignal(tid, why.kind === "signal" ? why.signo : 0);
      debug.hold(() => false);
      debug.addBreakpoint(2, addressOf(program, "handle_one"), "swbreak");
      debug.addBreakpoint(2, addressOf(program, "handle_two"), "swbreak");
      for (let i = 0; i < 2; i++) expect((await debug.continue()).why.kind).toBe("breakpoint");
      expect((await debug.continue()).why).toEqual({ kind: "ended", status: (SIGUSR1 + SIGUSR2) << 8 });
      // Back from the handler the delivery is met again.
      const { tid, why } = await debug.continueBack();
      expect([why.kind, (await debug.stepBack(tid)).why.kind]).toEqual(["breakpoint", "signal"]);
    });
  });
  it("tell of threads that they make and of their ends, if gdb has asked for it", { timeout: 60_000 }, async () => {
    await inFolder(async (folder) => {
      const { ask } = serve((await begin(folder)).debug);
      await ask("qSupported:multiprocess+");
      await ask("QPassSignals:1e;1f");
      for (const wrong of ["4:p2.2", "1:x", ":p2.2", "1;q"]) expect(await ask(`QThreadOptions;${wrong}`)).toMatch(/^E/);
      // The last part that means a thread holds.
      expect(await ask("QThreadOptions;0;1:p2.-1")).toBe("OK");
      for (const child of ["3", "4"]) expect(await ask("vCont;c")).toMatch(new RegExp(`^T05thread:p2\\.2;.*;clone:p2\\.${child};`));
      expect(await ask("QThreadOptions;2:p2.4;0:p2.2")).toBe("OK");
      // The other thread ends unseen.
      expect([await ask("vCont;c"), await ask("vCont;c")]).toEqual(["w00;p2.4", "W16;process:2"]);
    });
  });
  it("of a replaced program end without a stop", { timeout: 60_000 }, async () => {
    await inFolder(async (folder) => {
      const { debug } = await begin(folder, ["again"]);
      const { ask } = serve(debug);
      await ask("qSupported:multiprocess+;exec-events+");
      await ask("QThreadEvents:1");
      expect(await ask("vCont;c")).toMatch(/;create:/);
      // The leader ends while the other thread executes; gdb removes it itself.
      expect(await ask("vCont;c:p2.3")).toMatch(/^T05thread:p2\.2;.*exec:/);
    });
  });
  it("that have ended have the memory of their process", { timeout: 60_000 }, async () => {
    await inFolder(async (folder) => {
      const { program, ask, stop } = await afterAnEnd(folder);
      const [, ended = ""] = /^w00;(p2\.[0-9a-f]+)$/.exec(stop ?? "") ?? [];
      expect([ended === "", await ask(`T${ended}`)]).toEqual([false, "E03"]);
      expect(await ask(`m${addressOf(program, "main").toString(16)},4`)).toMatch(/^[0-9a-f]{8}$/);
      expect(await ask("g")).toBe("E03");
    });
  });
  it("of a process that runs on unseen can be attached to", { timeout: 60_000 }, async () => {
    await inFolder(async (folder) => {
      const { debug } = await begin(folder, [], "tasks");
      const { ask } = serve(debug);
      await ask("qSupported:multiprocess+");
      await ask("QPassSignals:a;11;1e");
      const wait4 = 61;
      await ask(`QCatchSyscalls:1;${wait4.toString(16)}`);
      expect(await ask("vCont;c")).toContain("syscall_entry:3d");
      const child = [...debug.kernel.processes.keys()].at(-1)?.toString(16);
      expect(await ask(`T${`p${child}.${child}`}`)).toBe("E03");
      expect([await ask("vAttach;99"), await ask("vAttach;2")]).toEqual(["E03", "E03"]);
      expect(await ask(`vAttach;${child}`)).toMatch(new RegExp(`^T00thread:p${child}\\.${child};`));
      expect([await ask(`qAttached:${child}`), await ask("qAttached:2")]).toEqual(["1", "0"]);
      // "Any thread" stays the one that has stopped last.
      await ask("Hgp0.0");
      expect(await ask("qC")).toBe(`QCp${child}.${child}`);
      expect(await ask(`D;${child}`)).toBe("OK");
      expect(await ask(`T${`p${child}.${child}`}`)).toBe("E03");
    });
  });
  it("call a function while they wait in a call, which restarts then", { timeout: 60_000 }, async () => {
    await inFolder(async (folder) => {
      const { program, debug, ask } = await afterAnEnd(folder);
      await ask("Hgp2.2");
      const before = (await ask("g")) ?? "";
      const bytes = unhex(before) as Uint8Array;
      const view = new DataView(bytes.buffer);
      const futex = 202n;
      const { registers } = descriptionOf(debug.task(2) as Task);
      const set = async (name: string, value: bigint): Promise<string | undefined> => {
        const out = new DataView(new ArrayBuffer(8));
        out.setBigInt64(0, value, true);
        const n = registers.findIndex((register) => register.name === name);
        return ask(`P${n.toString(16)}=${hex(new Uint8Array(out.buffer))}`);
      };
      const ERESTARTSYS = 512n;
      expect([view.getBigInt64(0, true), BigInt(debug.task(2)?.origAx ?? 0)]).toEqual([-ERESTARTSYS, futex]);
      const [called, returned] = [addressOf(program, "handle_one"), addressOf(program, "handle_two")];
      const stack = (view.getBigInt64(7 * 8, true) & ~0xfn) - 0x108n;
      for (const [name, value] of [
        ["orig_rax", -1n],
        ["rdi", 5n],
        ["rsp", stack],
        ["rip", BigInt(called)],
      ] as const)
        expect(await set(name, value)).toBe("OK");
      const address = new DataView(new ArrayBuffer(8));
      address.setBigInt64(0, BigInt(returned), true);
      expect(await ask(`M${stack.toString(16)},8:${hex(new Uint8Array(address.buffer))}`)).toBe("OK");
      await ask(`Z0,${returned.toString(16)},1`);
      expect(await ask("vCont;c:p2.2")).toMatch(/^T05thread:p2\.2;/);
      expect(await ask(`G${before}`)).toBe("OK");
      await ask(`z0,${returned.toString(16)},1`);
      await ask("QThreadEvents:0");
      expect(await ask("vCont;c")).toBe(`W${(SIGUSR1 + SIGUSR2 + 5).toString(16)};process:2`);
    });
  });
  it("sleep as long as natively, also in short sleeps", { timeout: 60_000 }, async () => {
    await inFolder(async (folder) => {
      const { debug } = await begin(folder, ["many", "sleeps"]);
      debug.sleepsInRealTime = true;
      debug.isEachAlone = false;
      const waits = vi.spyOn(globalThis, "setTimeout");
      try {
        expect((await debug.continue()).why).toEqual({ kind: "ended", status: 0 });
        // 400 sleeps of some 50 microseconds: 20 ms.
        const asleep = waits.mock.calls.filter(([, time]) => (time ?? 0) > 0).length;
        expect(asleep).toBeGreaterThan(0);
        expect(asleep).toBeLessThan(40);
      } finally {
        waits.mockRestore();
      }
    });
  });
  it("that begin stand still while only named ones run", { timeout: 60_000 }, async () => {
    await inFolder(async (folder) => {
      const { program, debug } = await begin(folder);
      const { ask } = serve(debug);
      await ask("qSupported:multiprocess+");
      await ask("QPassSignals:1e;1f");
      for (const name of ["wait_for", "pthread_kill"]) await ask(`Z0,${addressOf(program, name).toString(16)},1`);
      expect(await ask("vCont;c:p2.2")).toMatch(/^T05thread:p2\.2;/);
      expect(debug.threads.length).toBe(3);
      await ask(`z0,${addressOf(program, "pthread_kill").toString(16)},1`);
      expect(await ask("vCont;c")).toMatch(/^T05thread:p2\.[34];/);
    });
  });
});
