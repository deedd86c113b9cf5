// The Debug Adapter Protocol over gdb and `trapgate debug`: gdb knows symbols, the server goes backward.
// microsoft.github.io/debug-adapter-protocol, "Specification".
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { DebugSession, ExitedEvent, InitializedEvent, OutputEvent, StoppedEvent, TerminatedEvent } from "@vscode/debugadapter";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { isRecordingFile } from "../recorded.ts";
import { type DebugServer, Gdb, GdbError, startServer } from "./gdb.ts";
import { disassembled } from "./instructions.ts";
import { list, type MiRecord, type MiTuple, quoted, text, tuple } from "./mi.ts";
import { stopOf } from "./stops.ts";
import { Variables } from "./variables.ts";

/** The attributes of a launch configuration. */
interface LaunchArguments extends DebugProtocol.LaunchRequestArguments {
  /** A program, or a file of `trapgate record`. */
  readonly program?: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Options of `trapgate debug`: ["--root", "/"]. */
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A file with the program's standard input. */
  readonly stdin?: string;
  readonly gdb?: string;
  readonly stopOnEntry?: boolean;
  /** Begin at the end of the run, or at a moment. */
  readonly atEnd?: boolean;
  readonly at?: string;
  /** The end of the program is a place from which one goes back; default false. */
  readonly stay?: boolean;
}

const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsInstructionBreakpoints: true,
  supportsDataBreakpoints: true,
  supportsEvaluateForHovers: true,
  supportsStepBack: true,
  supportsSetVariable: true,
  supportsGotoTargetsRequest: true,
  supportsReadMemoryRequest: true,
  supportsDisassembleRequest: true,
  supportsSteppingGranularity: true,
  supportsExceptionInfoRequest: true,
  supportsTerminateRequest: true,
  exceptionBreakpointFilters: [
    {
      filter: "denied",
      label: "Denied system calls",
      description: "Before a call that a seccomp filter denies, forward and backward",
      supportsCondition: true,
      conditionDescription: "the number of the filter, 1 for the oldest",
    },
    { filter: "int80", label: "System calls through int 0x80", description: "Before a call that enters the kernel by int 0x80" },
  ],
};

/** Numbers of errors of this adapter. */
const FAILED = 1;

/** One session of an editor. */
export class AdapterSession extends DebugSession {
  private _gdb: Gdb | undefined = undefined;
  private _server: DebugServer | undefined = undefined;
  private _variables: Variables | undefined = undefined;
  private _launch: LaunchArguments = {};
  private _isRunning = false;
  private _isBackward = false;
  private _hasEnded = false;
  /** Stops that the adapter has made itself: the editor does not hear of them. */
  private _quiet: (() => void) | undefined = undefined;
  private readonly _breakpoints = new Map<string, string[]>();
  /** The words of the last condition that has stopped the program. */
  private _condition: string | undefined = undefined;
  private _exception: { readonly id: string; readonly text: string } | undefined = undefined;
  private _target: string | undefined = undefined;
  private readonly _targets = new Map<number, { readonly place: string; readonly isBackward: boolean }>();
  private readonly _frames: { readonly thread: number; readonly level: number }[] = [];

  /** Answers a request by the work, or by an error that the editor shows. */
  private _do<R extends DebugProtocol.Response>(response: R, work: () => Promise<R["body"] | undefined>): void {
    work().then(
      (body) => {
        if (body !== undefined) response.body = body;
        this.sendResponse(response);
      },
      (error: Error) => this.sendErrorResponse(response, { id: FAILED, format: error.message.replace(/[{}]/g, ""), showUser: true }),
    );
  }
  private _of(): { readonly gdb: Gdb; readonly variables: Variables } {
    const { _gdb: gdb, _variables: variables } = this;
    if (!gdb || !variables) throw new Error("no program is debugged");
    return { gdb, variables };
  }

  protected override initializeRequest(response: DebugProtocol.InitializeResponse): void {
    response.body = CAPABILITIES;
    this.sendResponse(response);
  }
  protected override launchRequest(response: DebugProtocol.LaunchResponse, args?: LaunchArguments): void {
    this._do(response, () => this._begin(args ?? {}));
  }
  private async _begin(args: LaunchArguments): Promise<undefined> {
    const { program, options = [], stdin, at, atEnd, stay, env = {}, gdb: name = "gdb" } = args;
    if (typeof program !== "string" || program === "") throw new Error('the launch configuration has no "program"');
    this._launch = args;
    let isFailed = false;
    const fail = (error: Error): void => {
      isFailed = true;
      if ((error as NodeJS.ErrnoException).code === "ENOENT")
        this.sendEvent(new OutputEvent(`there is no ${name}: install gdb, or name one by "gdb" in the launch configuration\n`, "stderr"));
      this._end();
    };
    const gdb = new Gdb(name, (record) => this._see(record), fail);
    this._gdb = gdb;
    this._variables = new Variables(gdb);
    try {
      await gdb.send("-gdb-set mi-async on");
    } catch {
      throw new Error(`there is no ${name}: install gdb, or name one by "gdb" in the launch configuration`);
    }
    for (const line of ["confirm off", "pagination off", "width 0", "debuginfod enabled off"])
      await gdb.send(`-gdb-set ${line}`).catch(() => undefined);
    const isRecording = isRecordingFile(program);
    if (!isRecording && existsSync(program)) await gdb.send(`-file-exec-and-symbols ${quoted(program)}`);
    const words = [
      ...(stdin === undefined ? [] : ["--stdin", stdin]),
      ...(atEnd ? ["--at-end"] : at === undefined ? [] : ["--at", at]),
      ...(stay ? ["--stay"] : []),
      ...options,
      ...Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
      "--",
      program,
      ...(args.args ?? []),
    ];
    this._server = await startServer(words, {
      cwd: args.cwd,
      env: process.env,
      output: (stream, said) => this.sendEvent(new OutputEvent(said, stream)),
    });
    if (isFailed) throw new Error("gdb has ended");
    await this._quietly(() => gdb.send(`-target-select remote ${this._server?.address}`));
    this.sendEvent(new InitializedEvent());
    return undefined;
  }
  protected override configurationDoneRequest(response: DebugProtocol.ConfigurationDoneResponse): void {
    this._do(response, async () => {
      const { gdb } = this._of();
      const { stopOnEntry, atEnd, at } = this._launch;
      if (stopOnEntry || atEnd || at !== undefined) this.sendEvent(new StoppedEvent("entry", 1));
      else await gdb.send("-exec-continue");
      return undefined;
    });
  }
  protected override disconnectRequest(response: DebugProtocol.DisconnectResponse): void {
    this._end();
    this.sendResponse(response);
  }
  protected override terminateRequest(response: DebugProtocol.TerminateResponse): void {
    this.sendResponse(response);
    this._end();
  }
  /** Ends all processes of the session. */
  private _end(): void {
    if (this._hasEnded) return;
    this._hasEnded = true;
    this._gdb?.end();
    this._server?.end();
    this.sendEvent(new TerminatedEvent());
  }

  // ---- what gdb says ----
  private _see(record: MiRecord): void {
    if (record.kind === "stream") {
      const [, condition] = record.of === "target" ? (/^stopped before (.*)\n$/s.exec(record.text) ?? []) : [];
      if (condition !== undefined) this._condition = condition;
      return;
    }
    if (record.kind !== "async") return;
    if (record.name === "running") this._isRunning = true;
    if (record.name === "stopped") this._stopped(record.values);
  }
  private _stopped(values: MiTuple): void {
    this._isRunning = false;
    this._frames.length = 0;
    const stop = stopOf(values, this._condition, this._isBackward, this._target);
    this._condition = this._exception = undefined;
    const { _quiet: quiet } = this;
    if (quiet) {
      this._quiet = undefined;
      quiet();
      if (stop.kind !== "exited") return;
    }
    void this._variables?.clear();
    if (stop.kind === "exited") {
      this.sendEvent(new ExitedEvent(stop.code));
      this._end();
      return;
    }
    if (this._target !== undefined) {
      this._gdb?.send(`-break-delete ${this._target}`).catch(() => undefined);
      this._target = undefined;
    }
    const { reason, description, text: said } = stop;
    if (reason === "exception") this._exception = { id: description ?? reason, text: said ?? "" };
    const event: DebugProtocol.StoppedEvent = new StoppedEvent(reason, Number(text(values["thread-id"])) || 1);
    Object.assign(event.body, {
      allThreadsStopped: true,
      ...(description === undefined ? {} : { description }),
      ...(said === undefined ? {} : { text: said }),
    });
    this.sendEvent(event);
  }
  /** Work that stops the program once, without a word to the editor. */
  private async _quietly(work: () => Promise<unknown>): Promise<void> {
    const stopped = new Promise<void>((done) => (this._quiet = done));
    try {
      await work();
    } catch (error) {
      this._quiet = undefined;
      throw error;
    }
    await stopped;
  }
  /** gdb changes breakpoints of a program that rests only. */
  private async _resting<T>(work: (gdb: Gdb) => Promise<T>): Promise<T> {
    const { gdb } = this._of();
    const wasRunning = this._isRunning;
    if (wasRunning) await this._quietly(() => gdb.send("-exec-interrupt"));
    try {
      return await work(gdb);
    } finally {
      if (wasRunning) await gdb.send(`-exec-continue${this._isBackward ? " --reverse" : ""}`);
    }
  }

  // ---- breakpoints ----
  private async _replace(gdb: Gdb, key: string, commands: readonly string[]): Promise<DebugProtocol.Breakpoint[]> {
    for (const number of this._breakpoints.get(key) ?? []) await gdb.send(`-break-delete ${number}`).catch(() => undefined);
    const numbers: string[] = [];
    this._breakpoints.set(key, numbers);
    const made: DebugProtocol.Breakpoint[] = [];
    for (const command of commands) {
      try {
        const values = await gdb.send(command);
        const found = tuple(values["bkpt"] ?? values["wpt"] ?? values["hw-awpt"] ?? values["hw-rwpt"]);
        const number = text(found["number"]);
        numbers.push(number);
        const [line, path] = [Number(text(found["line"])), text(found["fullname"])];
        made.push({
          id: Number(number),
          verified: text(found["addr"]) !== "<PENDING>",
          ...(line > 0 ? { line } : {}),
          ...(path === "" ? {} : { source: { name: basename(path), path } }),
        });
      } catch (error) {
        if (!(error instanceof GdbError)) throw error;
        made.push({ verified: false, message: error.message });
      }
    }
    return made;
  }
  /** gdb's words for the conditions of a breakpoint. */
  private _conditions({ condition, hitCondition }: { readonly condition?: string; readonly hitCondition?: string }): string {
    const hits = /^(?:>=?|==?)?\s*(\d+)$/.exec(hitCondition?.trim() ?? "")?.[1];
    return `${condition === undefined || condition === "" ? "" : ` -c ${quoted(condition)}`}${hits === undefined ? "" : ` -i ${Math.max(0, Number(hits) - 1)}`}`;
  }
  protected override setBreakPointsRequest(
    response: DebugProtocol.SetBreakpointsResponse,
    args: DebugProtocol.SetBreakpointsArguments,
  ): void {
    this._do(response, () =>
      this._resting(async (gdb) => {
        const path = args.source.path ?? "";
        const commands = (args.breakpoints ?? []).map(
          (each) => `-break-insert -f${this._conditions(each)} ${quoted(`${path}:${each.line}`)}`,
        );
        return { breakpoints: await this._replace(gdb, `source ${path}`, commands) };
      }),
    );
  }
  protected override setFunctionBreakPointsRequest(
    response: DebugProtocol.SetFunctionBreakpointsResponse,
    args: DebugProtocol.SetFunctionBreakpointsArguments,
  ): void {
    this._do(response, () =>
      this._resting(async (gdb) => ({
        breakpoints: await this._replace(
          gdb,
          "functions",
          args.breakpoints.map((each) => `-break-insert -f${this._conditions(each)} ${quoted(each.name)}`),
        ),
      })),
    );
  }
  protected override setInstructionBreakpointsRequest(
    response: DebugProtocol.SetInstructionBreakpointsResponse,
    args: DebugProtocol.SetInstructionBreakpointsArguments,
  ): void {
    this._do(response, () =>
      this._resting(async (gdb) => ({
        breakpoints: await this._replace(
          gdb,
          "instructions",
          args.breakpoints.map(
            ({ instructionReference, offset = 0, ...each }) =>
              `-break-insert${this._conditions(each)} *${hex(Number(instructionReference) + offset)}`,
          ),
        ),
      })),
    );
  }
  protected override setExceptionBreakPointsRequest(
    response: DebugProtocol.SetExceptionBreakpointsResponse,
    args: DebugProtocol.SetExceptionBreakpointsArguments,
  ): void {
    this._do(response, () =>
      this._resting(async (gdb) => {
        await gdb.console("monitor stop off");
        const chosen = [...args.filters.map((filterId) => ({ filterId, condition: "" })), ...(args.filterOptions ?? [])];
        const breakpoints: DebugProtocol.Breakpoint[] = [];
        for (const { filterId, condition = "" } of chosen) {
          const said = await gdb.console(filterId === "int80" ? "monitor stop door int80" : `monitor stop denied ${condition}`.trim());
          breakpoints.push(/^\d+ condition/.test(said) ? { verified: true } : { verified: false, message: said.trim() });
        }
        return { breakpoints };
      }),
    );
  }
  protected override dataBreakpointInfoRequest(
    response: DebugProtocol.DataBreakpointInfoResponse,
    args: DebugProtocol.DataBreakpointInfoArguments,
  ): void {
    this._do(response, async () => {
      const { gdb, variables } = this._of();
      const frame = args.frameId === undefined ? undefined : this._frames[args.frameId - 1];
      const { expression, where } = await variables.expressionOf(args.variablesReference, args.name);
      const at = where || (frame ? ` --thread ${frame.thread} --frame ${frame.level}` : "");
      const evaluate = async (what: string): Promise<string> =>
        text((await gdb.send(`-data-evaluate-expression${at} ${quoted(what)}`))["value"]);
      try {
        const [, address] = /(0x[0-9a-f]+)/.exec(await evaluate(`&(${expression})`)) ?? [];
        const size = await evaluate(`sizeof(${expression})`);
        if (address === undefined) throw new GdbError("it has no address");
        const made = await variables.of(expression, frame?.thread, frame?.level);
        const type = made.type ?? "char";
        const isScalar = made.variablesReference === 0 || type.endsWith("*");
        return {
          dataId: isScalar ? `*(${type} *) ${address}` : `*(char (*)[${size}]) ${address}`,
          description: `${expression} (${size} bytes at ${address})`,
          accessTypes: ["write" as const, "read" as const, "readWrite" as const],
          canPersist: false,
        };
      } catch (error) {
        return { dataId: null, description: `${args.name}: ${(error as Error).message}` };
      }
    });
  }
  protected override setDataBreakpointsRequest(
    response: DebugProtocol.SetDataBreakpointsResponse,
    args: DebugProtocol.SetDataBreakpointsArguments,
  ): void {
    const flags = { write: "", read: " -r", readWrite: " -a" } as const;
    this._do(response, () =>
      this._resting(async (gdb) => {
        const commands = args.breakpoints.map(({ dataId, accessType = "write" }) => `-break-watch${flags[accessType]} ${quoted(dataId)}`);
        const made = await this._replace(gdb, "data", commands);
        for (const [i, { condition }] of args.breakpoints.entries())
          if (condition && made[i]?.id !== undefined) await gdb.send(`-break-condition ${made[i].id} ${condition}`);
        return { breakpoints: made };
      }),
    );
  }
  protected override exceptionInfoRequest(response: DebugProtocol.ExceptionInfoResponse): void {
    this._do(response, async () => {
      const { gdb } = this._of();
      const { id, text: said } = this._exception ?? { id: "stop", text: "" };
      const why = id === "Denied system call" ? await gdb.console("monitor door").catch(() => "") : "";
      return { exceptionId: id, description: `${said}\n${why}`.trim(), breakMode: "always" as const };
    });
  }

  // ---- moves ----
  private _move<R extends DebugProtocol.Response>(response: R, command: string, isBackward = false, body?: R["body"]): void {
    this._do(response, async () => {
      const { gdb } = this._of();
      this._isBackward = isBackward;
      await gdb.send(`${command}${isBackward ? " --reverse" : ""}`);
      return body;
    });
  }
  private _step(thread: number, granularity: string | undefined, name: "next" | "step"): string {
    return `-exec-${name}${granularity === "instruction" ? "-instruction" : ""} --thread ${thread}`;
  }
  protected override continueRequest(response: DebugProtocol.ContinueResponse): void {
    this._move(response, "-exec-continue", false, { allThreadsContinued: true });
  }
  protected override reverseContinueRequest(response: DebugProtocol.ReverseContinueResponse): void {
    this._move(response, "-exec-continue", true);
  }
  protected override nextRequest(response: DebugProtocol.NextResponse, { threadId, granularity }: DebugProtocol.NextArguments): void {
    this._move(response, this._step(threadId, granularity, "next"));
  }
  protected override stepInRequest(response: DebugProtocol.StepInResponse, { threadId, granularity }: DebugProtocol.StepInArguments): void {
    this._move(response, this._step(threadId, granularity, "step"));
  }
  protected override stepOutRequest(response: DebugProtocol.StepOutResponse, { threadId }: DebugProtocol.StepOutArguments): void {
    this._move(response, `-exec-finish --thread ${threadId}`);
  }
  protected override stepBackRequest(
    response: DebugProtocol.StepBackResponse,
    { threadId, granularity }: DebugProtocol.StepBackArguments,
  ): void {
    this._move(response, this._step(threadId, granularity, "next"), true);
  }
  protected override pauseRequest(response: DebugProtocol.PauseResponse): void {
    this._do(response, async () => {
      await this._of().gdb.send("-exec-interrupt");
      return undefined;
    });
  }
  protected override gotoTargetsRequest(response: DebugProtocol.GotoTargetsResponse, args: DebugProtocol.GotoTargetsArguments): void {
    const place = `${args.source.path ?? args.source.name}:${args.line}`;
    const target = (label: string, isBackward: boolean): DebugProtocol.GotoTarget => {
      const id = this._targets.size + 1;
      this._targets.set(id, { place, isBackward });
      return { id, label, line: args.line };
    };
    response.body = {
      targets: [
        target("back to the last time that this line was executed", true),
        target("on to the next time that it is executed", false),
      ],
    };
    this.sendResponse(response);
  }
  protected override gotoRequest(response: DebugProtocol.GotoResponse, { targetId }: DebugProtocol.GotoArguments): void {
    this._do(response, async () => {
      const { gdb } = this._of();
      const target = this._targets.get(targetId);
      if (!target) throw new Error("there is no such target");
      const made = tuple((await gdb.send(`-break-insert ${quoted(target.place)}`))["bkpt"]);
      this._target = text(made["number"]);
      this._isBackward = target.isBackward;
      await gdb.send(`-exec-continue${target.isBackward ? " --reverse" : ""}`);
      return undefined;
    });
  }

  // ---- what the program is ----
  protected override threadsRequest(response: DebugProtocol.ThreadsResponse): void {
    this._do(response, async () => {
      if (this._isRunning) return { threads: [{ id: 1, name: "running" }] };
      const found = list((await this._of().gdb.send("-thread-info"))["threads"]).map(tuple);
      const threads = found.map((each) => ({ id: Number(text(each["id"])), name: text(each["name"]) || text(each["target-id"]) }));
      return { threads: threads.length > 0 ? threads : [{ id: 1, name: "program" }] };
    });
  }
  protected override stackTraceRequest(
    response: DebugProtocol.StackTraceResponse,
    { threadId, startFrame = 0, levels = 0 }: DebugProtocol.StackTraceArguments,
  ): void {
    this._do(response, async () => {
      const { gdb } = this._of();
      const depth = Number(text((await gdb.send(`-stack-info-depth --thread ${threadId} 1000`))["depth"]));
      const last = levels > 0 ? Math.min(depth, startFrame + levels) - 1 : depth - 1;
      const found = await gdb.send(`-stack-list-frames --thread ${threadId} ${startFrame} ${last}`);
      const stackFrames = list(found["stack"])
        .map(tuple)
        .map((frame): DebugProtocol.StackFrame => {
          const [path, line] = [text(frame["fullname"]), Number(text(frame["line"])) || 0];
          const id = this._frames.push({ thread: threadId, level: Number(text(frame["level"])) });
          const from = text(frame["from"]);
          return {
            id,
            name: text(frame["func"]) || text(frame["addr"]),
            line,
            column: 0,
            instructionPointerReference: text(frame["addr"]),
            ...(path !== "" && line > 0 ? { source: { name: basename(path), path } } : { presentationHint: "subtle" as const }),
            ...(from === "" ? {} : { moduleId: from }),
          };
        });
      return { stackFrames, totalFrames: depth };
    });
  }
  protected override scopesRequest(response: DebugProtocol.ScopesResponse, { frameId }: DebugProtocol.ScopesArguments): void {
    this._do(response, async () => {
      const { thread, level } = this._frames[frameId - 1] ?? { thread: 1, level: 0 };
      return { scopes: this._of().variables.scopes(thread, level) };
    });
  }
  protected override variablesRequest(response: DebugProtocol.VariablesResponse, args: DebugProtocol.VariablesArguments): void {
    this._do(response, async () => {
      const all = await this._of().variables.children(args.variablesReference);
      const { start = 0, count } = args;
      return { variables: count === undefined || count === 0 ? all : all.slice(start, start + count) };
    });
  }
  protected override setVariableRequest(response: DebugProtocol.SetVariableResponse, args: DebugProtocol.SetVariableArguments): void {
    this._do(response, async () => ({ value: await this._of().variables.set(args.variablesReference, args.name, args.value) }));
  }
  protected override evaluateRequest(response: DebugProtocol.EvaluateResponse, args: DebugProtocol.EvaluateArguments): void {
    this._do(response, async () => {
      const { gdb, variables } = this._of();
      const frame = args.frameId === undefined ? undefined : this._frames[args.frameId - 1];
      const [, command] = /^-exec\s+(.*)$/s.exec(args.expression) ?? [];
      if (command === undefined) {
        try {
          const { value, ...more } = await variables.of(args.expression, frame?.thread, frame?.level);
          const { type, memoryReference } = more;
          return {
            result: value,
            variablesReference: more.variablesReference,
            ...(type === undefined ? {} : { type }),
            ...(memoryReference === undefined ? {} : { memoryReference }),
          };
        } catch (error) {
          if (args.context !== "repl") throw error;
        }
      }
      const line = command ?? args.expression;
      const result = await gdb.console(line);
      if (/^mon(itor)?\s+(goto|branch\s+\d)/.test(line)) await this._moved(gdb);
      return { result: result.trimEnd(), variablesReference: 0 };
    });
  }
  /** The server has gone to another moment by itself. */
  private async _moved(gdb: Gdb): Promise<void> {
    await gdb.console("maintenance flush register-cache");
    await gdb.console("maintenance flush dcache").catch(() => "");
    await this._variables?.clear();
    this._frames.length = 0;
    const event: DebugProtocol.StoppedEvent = new StoppedEvent("goto", 1);
    event.body.allThreadsStopped = true;
    this.sendEvent(event);
  }
  protected override readMemoryRequest(response: DebugProtocol.ReadMemoryResponse, args: DebugProtocol.ReadMemoryArguments): void {
    this._do(response, async () => {
      const { memoryReference, offset = 0, count } = args;
      const from = BigInt(memoryReference) + BigInt(offset);
      const address = `0x${from.toString(16)}`;
      if (count === 0) return { address, data: "" };
      const found = await this._of()
        .gdb.send(`-data-read-memory-bytes ${address} ${count}`)
        .catch((): MiTuple => ({}));
      const first = tuple(list(found["memory"])[0]);
      const bytes =
        text(first["begin"]) !== "" && BigInt(text(first["begin"])) === from
          ? Buffer.from(text(first["contents"]), "hex")
          : Buffer.alloc(0);
      return { address, data: bytes.toString("base64"), unreadableBytes: count - bytes.length };
    });
  }
  protected override disassembleRequest(response: DebugProtocol.DisassembleResponse, args: DebugProtocol.DisassembleArguments): void {
    this._do(response, async () => ({ instructions: await disassembled(this._of().gdb, args) }));
  }
}
const hex = (n: number): string => `0x${n.toString(16)}`;
