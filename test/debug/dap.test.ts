// An editor is the user: Microsoft's client of the Debug Adapter Protocol drives `trapgate dap`, which drives
// gdb.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { DebugClient } from "@vscode/debugadapter-testsupport";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { describe, expect, it } from "vitest";
import { parseRecord } from "../../src/cli/dap/mi.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, gdb, missing, nativeX64, top } from "../support/host.ts";

const source = `${top}/test/debug/dap.c`;
/** The line of the source with this text. */
const line = (text: string): number =>
  readFileSync(source, "utf8")
    .split("\n")
    .findIndex((each) => each.includes(text)) + 1;
const minutes = { timeout: 180_000 };

/** A session with a program; its processes end with it. */
const session = (use: (client: DebugClient, program: string, folder: string) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    const program = `${folder}/dap`;
    execFileSync("gcc", ["-g", "-O0", "-static", "-o", program, source]);
    // The client starts one script, without options of Node.js.
    const start = `${folder}/start.mjs`;
    const command = `${top}/tools/trapgate.ts`;
    writeFileSync(
      start,
      `process.argv[1] = ${JSON.stringify(command)};\nprocess.argv.push("dap");\nawait import(${JSON.stringify(command)});\n`,
    );
    const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
    const client = new DebugClient(
      process.execPath,
      start,
      "trapgate",
      { env: { ...process.env, NODE_OPTIONS: `--import=${loader}`, LC_ALL: "C" }, cwd: top },
      true,
    );
    client.defaultTimeout = 60_000;
    try {
      await client.start();
      await use(client, program, folder);
    } finally {
      await client.stop();
    }
  });
const stopped = async (client: DebugClient, move: () => Promise<unknown>): Promise<DebugProtocol.StoppedEvent["body"]> => {
  const event = client.waitForEvent("stopped");
  await move();
  return ((await event) as DebugProtocol.StoppedEvent).body;
};
const top1 = async (client: DebugClient): Promise<DebugProtocol.StackFrame> =>
  (await client.stackTraceRequest({ threadId: 1, levels: 1 })).body.stackFrames[0] as DebugProtocol.StackFrame;
const value = async (client: DebugClient, expression: string): Promise<string> => {
  const { id } = await top1(client);
  return (await client.evaluateRequest({ expression, frameId: id, context: "watch" })).body.result;
};
/** Launches a program with breakpoints on these lines, and stops at the first one. */
const launched = async (client: DebugClient, launch: object, lines: readonly number[]): Promise<DebugProtocol.StoppedEvent["body"]> => {
  await client.initializeRequest();
  const ready = client.waitForEvent("initialized");
  await client.launchRequest(launch as DebugProtocol.LaunchRequestArguments);
  await ready;
  const { breakpoints } = (
    await client.setBreakpointsRequest({ source: { path: source }, breakpoints: lines.map((each) => ({ line: each })) })
  ).body;
  expect(breakpoints.map(({ verified }) => verified)).toEqual(lines.map(() => true));
  return stopped(client, () => client.configurationDoneRequest());
};

describe("gdb's records", () => {
  it("are read: results, tuples, lists, escapes, streams", () => {
    expect(parseRecord('12^done,stack=[frame={level="0",func="a\\"b"},frame={level="1"}],n="\\303\\244"')).toEqual({
      kind: "result",
      token: 12,
      name: "done",
      values: { stack: [{ level: "0", func: 'a"b' }, { level: "1" }], n: "ä" },
    });
    expect(parseRecord('~"a\\tb\\n"')).toEqual({ kind: "stream", of: "console", text: "a\tb\n" });
    expect(parseRecord('*stopped,reason="x",list=[],empty={}')).toMatchObject({
      kind: "async",
      name: "stopped",
      values: { list: [], empty: {} },
    });
    for (const text of ["(gdb) ", "", "plain", "~unquoted"]) expect(parseRecord(text)).toBeUndefined();
    // A cut line ends.
    for (const text of ['^done,a="x', "^done,a=[", "^done,a={b=", '^done,bkpt={n="1"},{n="1.1"'])
      expect(parseRecord(text)?.kind).toBe("result");
  });
});

describe.skipIf(missing("a debug adapter", nativeX64, gcc, gdb))("trapgate dap", () => {
  it("breaks, shows variables, steps forward and back", minutes, async () => {
    await session(async (client, program) => {
      const at = line("counter += value");
      expect((await launched(client, { program }, [at])).reason).toBe("breakpoint");
      expect(await top1(client)).toMatchObject({ name: "add", line: at, source: { path: source } });
      const { scopes } = (await client.scopesRequest({ frameId: (await top1(client)).id })).body;
      expect(scopes.map(({ name }) => name)).toEqual(["Locals", "Registers"]);
      const locals = (await client.variablesRequest({ variablesReference: scopes[0]?.variablesReference as number })).body.variables;
      expect(locals.find(({ name }) => name === "value")).toMatchObject({ value: "1", type: "int" });
      const node = locals.find(({ name }) => name === "node");
      const fields = (await client.variablesRequest({ variablesReference: node?.variablesReference as number })).body.variables;
      expect(fields.map(({ name, value: shown }) => [name, shown])).toEqual([
        ["next", "0x0"],
        ["value", "1"],
      ]);
      const registers = (await client.variablesRequest({ variablesReference: scopes[1]?.variablesReference as number })).body.variables;
      expect(registers.find(({ name }) => name === "rip")?.value).toMatch(/^0x/);
      expect(await value(client, "counter")).toBe("0");
      expect((await stopped(client, () => client.nextRequest({ threadId: 1 }))).reason).toBe("step");
      expect(await value(client, "counter")).toBe("1");
      // The line has a breakpoint, so the step back ends there as one.
      expect((await stopped(client, () => client.stepBackRequest({ threadId: 1 }))).reason).toBe("breakpoint");
      expect([await value(client, "counter"), (await top1(client)).line]).toEqual(["0", at]);
      // An instruction forward, and back.
      const { instructionPointerReference: before } = await top1(client);
      await stopped(client, () => client.nextRequest({ threadId: 1, granularity: "instruction" }));
      expect((await top1(client)).instructionPointerReference).not.toBe(before);
      await stopped(client, () => client.stepBackRequest({ threadId: 1, granularity: "instruction" }));
      expect((await top1(client)).instructionPointerReference).toBe(before);
      await stopped(client, () => client.stepOutRequest({ threadId: 1 }));
      expect((await top1(client)).name).toBe("main");
    });
  });
  it("stops before a denied call, and goes back to the write of a variable", minutes, async () => {
    await session(async (client, program) => {
      await launched(client, { program }, [line("int i = 1")]);
      await client.setExceptionBreakpointsRequest({ filters: ["denied"] });
      await client.setBreakpointsRequest({ source: { path: source }, breakpoints: [] });
      const printed = client.assertOutput("stdout", "counter 10");
      const denied = await stopped(client, () => client.continueRequest({ threadId: 1 }));
      await printed;
      expect(denied).toMatchObject({ reason: "exception", text: expect.stringMatching(/^getppid is denied by filter 1/) });
      const info = (await client.exceptionInfoRequest({ threadId: 1 })).body;
      expect(info).toMatchObject({ exceptionId: "Denied system call", description: expect.stringContaining("getppid") });
      const crash = await stopped(client, () => client.continueRequest({ threadId: 1 }));
      expect(crash).toMatchObject({ reason: "exception", description: "SIGSEGV" });
      expect(await value(client, "list")).toBe("0x0");
      const data = (await client.dataBreakpointInfoRequest({ name: "list" })).body;
      expect(data).toMatchObject({
        dataId: expect.stringMatching(/^\*\(struct node \*+ ?\*\) 0x/),
        accessTypes: ["write", "read", "readWrite"],
      });
      const { breakpoints } = (
        await client.setDataBreakpointsRequest({ breakpoints: [{ dataId: data.dataId as string, accessType: "write" }] })
      ).body;
      expect(breakpoints[0]?.verified).toBe(true);
      const written = await stopped(client, () => client.reverseContinueRequest({ threadId: 1 }));
      expect(written).toMatchObject({ reason: "data breakpoint", text: expect.stringContaining("→") });
      expect((await top1(client)).line).toBe(line("list = NULL"));
      // Without it, back to the denied call once more.
      await client.setDataBreakpointsRequest({ breakpoints: [] });
      expect((await stopped(client, () => client.reverseContinueRequest({ threadId: 1 }))).text).toMatch(/^getppid is denied/);
      await client.setExceptionBreakpointsRequest({ filters: [] });
      expect((await stopped(client, () => client.reverseContinueRequest({ threadId: 1 }))).description).toBe("The beginning of the run");
    });
  });
  it("begins at the end, goes to lines and moments, shows memory and instructions", minutes, async () => {
    await session(async (client, program) => {
      expect((await launched(client, { program, atEnd: true }, [])).reason).toBe("entry");
      expect((await top1(client)).line).toBe(line("return list->value"));
      const at = line("counter += value");
      const { targets } = (await client.gotoTargetsRequest({ source: { path: source }, line: at })).body;
      expect(targets).toHaveLength(2);
      const back = await stopped(client, () => client.gotoRequest({ threadId: 1, targetId: targets[0]?.id as number }));
      expect([back.reason, (await top1(client)).line, await value(client, "value")]).toEqual(["goto", at, "4"]);
      const when = (await client.evaluateRequest({ expression: "monitor when", context: "repl" })).body.result;
      const moment = /^(\d+:\d+)/.exec(when)?.[1] as string;
      await stopped(client, () => client.reverseContinueRequest({ threadId: 1 }));
      await stopped(client, () => client.evaluateRequest({ expression: `monitor goto ${moment}`, context: "repl" }));
      expect([(await top1(client)).line, await value(client, "value")]).toEqual([at, "4"]);
      const { memoryReference } = (
        await client.evaluateRequest({ expression: "&counter", frameId: (await top1(client)).id, context: "watch" })
      ).body;
      const memory = (await client.customRequest("readMemory", { memoryReference, count: 4 })).body as { data: string };
      expect([...Buffer.from(memory.data, "base64")]).toEqual([6, 0, 0, 0]);
      const { instructionPointerReference } = await top1(client);
      const found = (
        await client.disassembleRequest({
          memoryReference: instructionPointerReference as string,
          instructionOffset: -3,
          instructionCount: 8,
        })
      ).body;
      expect(found?.instructions).toHaveLength(8);
      expect(found?.instructions[3]).toMatchObject({ address: instructionPointerReference, symbol: expect.stringMatching(/^add\+/) });
      // A change of the past opens a branch: the program ends otherwise.
      const { scopes } = (await client.scopesRequest({ frameId: (await top1(client)).id })).body;
      const changed = await client.setVariableRequest({
        variablesReference: scopes[0]?.variablesReference as number,
        name: "value",
        value: "90",
      });
      expect(changed.body.value).toBe("90");
      await stopped(client, () => client.nextRequest({ threadId: 1 }));
      expect(await value(client, "counter")).toBe("96");
    });
  });
  it("debugs a recording", minutes, async () => {
    await session(async (client, program, folder) => {
      const command = ["--import", "tsx", `${top}/tools/trapgate.ts`, "record", "-o", `${folder}/run.rec`, program];
      expect(spawnSync(process.execPath, command, { cwd: top }).status).toBe(139);
      expect((await launched(client, { program: `${folder}/run.rec`, stopOnEntry: true }, [line("list = NULL")])).reason).toBe("entry");
      expect((await stopped(client, () => client.continueRequest({ threadId: 1 }))).reason).toBe("breakpoint");
    });
  });
  it("has the attributes and the configuration of the guide", minutes, async () => {
    const guide = readFileSync(`${top}/docs/guide/debug-in-an-editor.md`, "utf8");
    const [extension, launch] = [...guide.matchAll(/```json\n(.*?)```/gs)].map(([, json]) => JSON.parse(json as string));
    const { runtimeArgs, configurationAttributes } = extension.contributes.debuggers[0];
    expect(runtimeArgs).toEqual(["dap"]);
    const known = Object.keys(configurationAttributes.launch.properties);
    for (const { type, request, name, ...attributes } of launch.configurations) {
      expect([type, request, typeof name]).toEqual(["trapgate", "launch", "string"]);
      expect(known).toEqual(expect.arrayContaining(Object.keys(attributes)));
    }
    await session(async (client, program) => {
      const stop = await launched(client, { ...launch.configurations[0], program }, [line("list = NULL")]);
      expect(stop.reason).toBe("breakpoint");
    });
  });
  it("says what is wrong with a launch", minutes, async () => {
    await session(async (client, program) => {
      await client.initializeRequest();
      await expect(client.launchRequest({ program, gdb: "/no/gdb" } as never)).rejects.toThrow("there is no /no/gdb: install gdb");
    });
    await session(async (client) => {
      await client.initializeRequest();
      await expect(client.launchRequest({ program: "/no/such" } as never)).rejects.toThrow(/\/no\/such.*\[TG\d+\]/);
    });
    await session(async (client) => {
      await client.initializeRequest();
      await expect(client.launchRequest({} as never)).rejects.toThrow('no "program"');
    });
  });
});
