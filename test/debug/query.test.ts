// Questions about a run. Each answer is checked at its moment: the timeline goes there, and memory,
// descriptors and registers must be as the answer says before it and after one step. Ways of bytes are those
// of the source.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { QueriedRun } from "trapgate/query";
import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/cpu/engine.ts";
import { findCalls } from "../../src/debug/query/calls.ts";
import { findDescriptor } from "../../src/debug/query/descriptors.ts";
import { parseExpression } from "../../src/debug/query/expression.ts";
import { History } from "../../src/debug/query/history.ts";
import { failureOf, findInevitable } from "../../src/debug/query/inevitable.ts";
import { findOrigin } from "../../src/debug/query/origin.ts";
import { addressOf } from "../../src/debug/query/place.ts";
import { findEvent, findWhen } from "../../src/debug/query/when.ts";
import { findWrites, lastWrite, type WatchedRange } from "../../src/debug/query/writes.ts";
import { registerOf } from "../../src/debug/registers.ts";
import { Machine } from "../../src/machine/machine.ts";
import { momentText } from "../../src/machine/moment.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, gcc32, gdb, missing, nativeX64, top } from "../support/host.ts";

const minutes = { timeout: 240_000 };
const INPUT = "hello there\n";
const FILE = "abcHELLO world";

const built = (folder: string, ...flags: string[]): Uint8Array => {
  execFileSync("gcc", ["-w", "-g", "-O1", "-static", ...flags, "-o", `${folder}/query`, `${top}/test/debug/query.c`]);
  return readFileSync(`${folder}/query`);
};
const asked = async (program: Uint8Array, args: readonly string[] = [], engine: Engine = "auto"): Promise<History> => {
  const machine = new Machine({ engine, files: { "/query": { content: program, mode: 0o755 }, "/data": FILE } });
  const history = new History((hooks) => new Timeline(machine, "/query", { args: ["/data", ...args], stdin: INPUT, hooks }, { every: 20 }));
  await history.finish();
  return history;
};
const variable = (history: History, name: string): WatchedRange => {
  const task = history.taskOf(history.pid);
  const { address, size } = (task && addressOf(task, name)) as { address: number; size: number };
  return { pid: history.pid, address, length: size };
};
const nameAt = (history: History, name: string) => {
  const task = history.taskOf(history.pid);
  return task && addressOf(task, name);
};

describe.skipIf(missing("questions about a run", nativeX64, gcc))("a query", () => {
  it("finds all writes of a variable, with its bytes before and after, under each engine", minutes, async () => {
    await inFolder(async (folder) => {
      const program = built(folder);
      const all: string[][] = [];
      for (const engine of ["interpret", "baseline", "jit", "auto"] as const) {
        const history = await asked(program, [], engine);
        const range = variable(history, "counter");
        const writes = await findWrites(history, range);
        expect(writes.map(({ after }) => after?.[0])).toEqual([1, 3, 6, 10]);
        for (const { when, before, after } of writes) {
          await history.visit(when, () => expect(history.bytes(range.pid, range.address, 4)).toEqual(before));
          await history.visit(when, () => undefined);
          await history.timeline.goTo("at" in when ? when.at : when.before);
          await history.timeline.step();
          expect(history.bytes(range.pid, range.address, 4)).toEqual(after);
        }
        const last = await lastWrite(history, range, history.end);
        expect(last).toEqual(writes[3]);
        expect(await lastWrite(history, range, ("at" in last!.when && last!.when.at) as never)).toEqual(writes[2]);
        all.push(writes.map(({ when }) => momentText("at" in when ? when.at : when.before)));
      }
      for (const moments of all) expect(moments).toEqual(all[0]);
    });
  });
  it("finds the writes that native gdb finds", minutes, async ({ skip }) => {
    await inFolder(async (folder) => {
      if (missing("gdb as a judge of writes", gdb)) return skip();
      const program = built(folder);
      writeFileSync(`${folder}/data`, FILE);
      writeFileSync(`${folder}/input`, INPUT);
      const { stdout } = spawnSync(
        "gdb",
        ["-nx", "-batch", "-iex", "set debuginfod enabled off", "-ex", "break main", "-ex", `run ${folder}/data < ${folder}/input`].concat([
          "-ex",
          "watch counter",
          ...Array.from({ length: 5 }, () => ["-ex", "continue"]).flat(),
          `${folder}/query`,
        ]),
        { encoding: "utf8" },
      );
      if (!stdout.includes("Breakpoint 1, main")) return skip("no process can be traced here");
      const native = [...stdout.matchAll(/New value = (\d+)/g)].map(([, value]) => Number(value));
      const history = await asked(program);
      const writes = await findWrites(history, variable(history, "counter"));
      expect(writes.map(({ after }) => after?.[0])).toEqual(native);
    });
  });
  it("follows a byte back through copies, a child, a pipe and a socket", minutes, async () => {
    await inFolder(async (folder) => {
      const history = await asked(built(folder));
      const way = async (name: string, at = 0): Promise<string[]> => {
        const { pid, address } = variable(history, name);
        const { steps, isCut } = await findOrigin(history, pid, address + at);
        expect(isCut).toBe(false);
        return steps.map(({ what }) => what.replace(/0x[0-9a-f]+/g, "ADDRESS"));
      };
      const fromFile = ["read(3, …): byte 5 of /data"];
      expect(await way("from_file", 2)).toEqual(fromFile);
      const copied = await way("copied", 2);
      expect(copied[0]).toMatch(/^(copied|from \w+, loaded) from ADDRESS/);
      // Two bytes of the pipe come before them.
      expect(copied).toContain("read(4, …): byte 4 of pipe:[5]");
      expect(copied).toContain("inherited from process 2 at fork");
      expect(copied.slice(-1)).toEqual(fromFile);
      const shouted = await way("shouted", 6);
      expect(shouted[0]).toMatch(/^from rax, loaded from ADDRESS at ADDRESS/);
      expect(shouted.some((what) => /^recvfrom\(6, …\): byte 6 of socket:/.test(what))).toBe(true);
      expect(shouted.at(-1)).toBe("read(0, …): byte 6 of standard input");
      expect(await way("lucky")).toEqual(["made by the kernel in getrandom"]);
      expect((await way("counter")).at(-1)).toMatch(/computed/);
    });
  });
  it("finds calls by their names, descriptors, paths, results and doors", minutes, async () => {
    await inFolder(async (folder) => {
      const history = await asked(built(folder));
      const texts = async (query: Parameters<typeof findCalls>[1]) => (await findCalls(history, query)).map(({ text }) => text);
      expect(await texts({ name: "close" })).toEqual(["close(3) = 0"]);
      expect(await texts({ fd: 3, result: "failed" })).toEqual([expect.stringMatching(/^read\(3, 0x\w+, 1\) = -1 EBADF/)]);
      expect(await texts({ result: "EBADF" })).toHaveLength(1);
      expect(await texts({ path: "/data", name: "%file" })).toEqual(['openat(AT_FDCWD, "/data", O_RDONLY) = 3']);
      expect(await texts({ path: "/data", name: "read" })).toEqual(['read(3, "HELLO wo", 8) = 8']);
      expect(await texts({ verdict: "denied" })).toEqual([]);
      expect(await texts({ door: "int80" })).toEqual([]);
      expect(await texts({ pid: 3, name: "write" })).toHaveLength(3);
      // Each moment is the one before the instruction that enters the kernel.
      for (const { after } of await findCalls(history, {})) {
        const { seen } = await history.visit({ before: after }, () => {
          const task = history.kernel.scheduler.current;
          return task && history.bytes(task.process.pid, Number(registerOf(task, "rip")), 2);
        });
        expect([...(seen ?? [])]).toEqual([0x0f, 0x05]);
      }
    });
  });
  it("says who closed a descriptor", minutes, async () => {
    await inFolder(async (folder) => {
      const history = await asked(built(folder));
      const changes = await findDescriptor(history, history.pid, 3);
      expect(changes.map(({ kind, by }) => `${kind} by ${by}`)).toEqual([
        'opened by openat(AT_FDCWD, "/data", O_RDONLY)',
        "closed by close(3)",
      ]);
      expect(changes[1]?.from).toBe("/data");
      const child = await findDescriptor(history, 3, 3);
      expect(child.map(({ kind, by }) => `${kind} by ${by}`)).toEqual(["opened by fork", "closed by the end of the process"]);
    });
  });
  it("says when a condition became true", minutes, async () => {
    await inFolder(async (folder) => {
      const history = await asked(built(folder));
      const names = (name: string) => nameAt(history, name);
      const moments = async (text: string, pc?: number) =>
        (await findWhen(history, history.pid, parseExpression(text, names), { pc })).map(({ when }) =>
          momentText("at" in when ? when.at : when.before),
        );
      const writes = (await findWrites(history, variable(history, "counter"))).map(({ when }) =>
        momentText("at" in when ? when.at : when.before),
      );
      expect(await moments("counter > 2")).toEqual([writes[1]]);
      expect(await moments("counter == 6 && u8[from_file] == 0")).toEqual([writes[2]]);
      expect(await moments("s32[&counter] * 2 == 1 << 1 || 'a' == 98")).toEqual([writes[0]]);
      const { address } = names("add") as { address: number };
      // The write is the first instruction of the function, or comes soon after it.
      expect(await moments("edi >= 3", address)).toHaveLength(2);
      const dynamic = await findWhen(history, history.pid, parseExpression("[&counter + (rax - rax)] == 10", names));
      expect(dynamic).toHaveLength(1);
      const { when } = dynamic[0] as { when: { at: { instructions: number } } };
      // The instruction after the write.
      expect(when.at.instructions).toBe(Number(writes[3]?.split(":")[0]) + 1);
      expect(await findEvent(history, "output:HELLO THERE")).toHaveLength(1);
      expect(await findEvent(history, "signal:")).toEqual([]);
      expect(await findEvent(history, "counter")).toBeUndefined();
      for (const text of ["counter >", "(counter", "counter)", "nothing == 1", "1 $$ 2", "[", "&5", "-", `${"(".repeat(5000)}1`])
        expect(() => parseExpression(text, names)).toThrow(/\[TG0104\]/);
    });
  });
  it("says when a signal came", minutes, async () => {
    await inFolder(async (folder) => {
      execFileSync("gcc", ["-g", "-O0", "-static", "-o", `${folder}/crash`, `${top}/test/debug/crash.c`]);
      const machine = new Machine({ files: { "/crash": { content: readFileSync(`${folder}/crash`), mode: 0o755 } } });
      const history = new History((hooks) => new Timeline(machine, "/crash", { stdin: "", hooks }));
      await history.finish();
      const [found, ...more] = (await findEvent(history, "signal:SEGV")) ?? [];
      expect([found?.by, more]).toEqual(["delivery of SIGSEGV", []]);
      // The last write of the pointer made it null.
      const write = await lastWrite(history, variable(history, "list"), history.end);
      expect(write?.after).toEqual(new Uint8Array(8));
    });
  });
  it("says when a filter killed", minutes, async () => {
    const program = readFileSync(`${top}/guest/bin/a1-fixed`);
    const history = new History((hooks) => new Timeline(new Machine(), program, { stdin: "", hooks }));
    await history.finish();
    const [found, ...more] = (await findEvent(history, "signal:SYS")) ?? [];
    expect([found?.by, more]).toEqual(["death by SIGSYS", []]);
    const [denied] = await findCalls(history, { verdict: "denied" });
    expect(found?.when).toMatchObject({ before: { instructions: denied?.after.instructions } });
  });
  it("says when a failure became inevitable: at the random number that decides", minutes, async () => {
    await inFolder(async (folder) => {
      const history = await asked(built(folder), ["luck"]);
      const { from, escaped, failure } = await findInevitable(history, { copies: 6 });
      expect(failure).toBe("exit:3");
      const [call] = await findCalls(history, { name: "getrandom" }).then((calls) => calls.slice(-1));
      expect(escaped?.moment.instructions).toBe((call?.after.instructions as number) - 1);
      expect(from?.moment).toEqual(call?.after);
      await expect(findInevitable(history, { failure: failureOf("exit:0") })).rejects.toThrow("does not fail");
      expect(() => failureOf("exit:")).toThrow("[TG0104]");
    });
  });
  it.skipIf(missing("questions about 32-bit programs", gcc32))("asks i386 programs", minutes, async () => {
    await inFolder(async (folder) => {
      const history = await asked(built(folder, "-m32"));
      const writes = await findWrites(history, variable(history, "counter"));
      expect(writes.map(({ after }) => after?.[0])).toEqual([1, 3, 6, 10]);
      const { pid, address } = variable(history, "from_file");
      expect((await findOrigin(history, pid, address)).steps.map(({ what }) => what)).toEqual(["read(3, …): byte 3 of /data"]);
      expect((await findCalls(history, { name: "close" })).length).toBeGreaterThan(0);
    });
  });
  it("answers in the library, and checks what it is asked", minutes, async () => {
    await inFolder(async (folder) => {
      const program = built(folder);
      const run = await QueriedRun.of(program, { args: ["/data"], files: { "/data": FILE }, stdin: INPUT });
      expect(await run.writes("counter", { last: true, stack: true })).toMatchObject([
        {
          pid: 2,
          symbol: expect.stringMatching(/^add/),
          by: undefined,
          stack: expect.arrayContaining([expect.objectContaining({ symbol: "main" })]),
        },
      ]);
      const writes = await run.writes("counter");
      expect(writes).toHaveLength(4);
      expect(await run.writes("counter", { before: (writes[2] as { moment: string }).moment })).toHaveLength(2);
      expect((await run.origin("copied+2")).at(-1)).toMatchObject({ what: "read(3, …): byte 5 of /data", call: "read" });
      expect(await run.calls({ name: "close" })).toMatchObject([{ text: "close(3) = 0", instruction: "syscall" }]);
      expect(await run.descriptor(3)).toHaveLength(2);
      expect((await run.when("counter == 6")).map(({ moment }) => moment)).toEqual([(writes[2] as { moment: string }).moment]);
      expect(await run.when("edi >= 3", { pc: "add" })).toHaveLength(2);
      expect(await run.inevitable({ fails: "exit:3", moments: 2, copies: 2 })).toMatchObject({
        failure: "exit:3",
        mayEscape: expect.any(Number),
      });
      const early = await QueriedRun.of(program, { args: ["/data"], files: { "/data": FILE }, stdin: INPUT, until: "11000" });
      expect([early.end, await early.writes("counter")]).toEqual(["11000:0", []]);
      await expect(run.writes("countr")).rejects.toThrow("[TG0105]");
      await expect(run.writes("counter", { before: "soon" })).rejects.toThrow("[TG0506]");
      await expect(run.when("counter >")).rejects.toThrow("[TG0104]");
      await expect(QueriedRun.of(program, { argz: [] } as never)).rejects.toThrow("did you mean args");
      await expect(QueriedRun.of(program, { until: "999999999999" })).rejects.toThrow("its last one is");
    });
  });
  it("answers on the command line, about a program and about its recording", minutes, async () => {
    await inFolder(async (folder) => {
      built(folder);
      writeFileSync(`${folder}/data`, FILE);
      const trapgate = (...args: string[]) =>
        spawnSync(process.execPath, ["--import", "tsx", `${top}/tools/trapgate.ts`, ...args], { encoding: "utf8", input: INPUT, cwd: top });
      const program = ["--mount", `${folder}:/f`, "--", `${folder}/query`, "/f/data"];
      const asLine = trapgate("query", "writes", "counter", "--last", ...program);
      expect(asLine.stdout).toMatch(/^ *\d+:0 +2 +query +add(\+0x\w+)? +0x6 -> 0xa +add dword ptr/);
      expect(trapgate("record", "-o", `${folder}/run.rec`, ...program).status).toBe(3);
      const ofFile = trapgate("query", "writes", "counter", "--last", `${folder}/run.rec`);
      expect(ofFile.stdout).toBe(asLine.stdout);
      const lines = trapgate("query", "origin", "shouted", "--json", `${folder}/run.rec`).stdout.trim().split("\n");
      expect(JSON.parse(lines.at(-1) as string)).toMatchObject({ what: "read(0, …): byte 0 of standard input", call: "read" });
      const none = trapgate("query", "calls", "--denied", `${folder}/run.rec`);
      expect([none.status, none.stdout]).toEqual([1, ""]);
      const wrong = trapgate("query", "writes", "countr", `${folder}/run.rec`);
      expect([wrong.status, wrong.stderr]).toEqual([125, expect.stringContaining('no symbol "countr"')]);
    });
  });
});
