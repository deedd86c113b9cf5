// Run a prepared program with this process's streams.
import { fstatSync, statSync } from "node:fs";
import { WorkBudget } from "../budget.ts";
import { heapFor } from "../host/node-internals.ts";
import { insistence, passSignals } from "../host/node-signals.ts";
import { backlog, fdSink, writeLine } from "../host/node-sink.ts";
import { stdinFile, stdinInto } from "../host/node-streams.ts";
import type { ByteSink } from "../kernel/fs/files/stream.ts";
import type { BootOptions } from "../machine/boot.ts";
import type { Denial } from "../machine/denial.ts";
import { Machine } from "../machine/machine.ts";
import type { Hooks, TraceOptions } from "../machine/options.ts";
import type { Run } from "../machine/run.ts";
import { PATH } from "../machine/session.ts";
import { bytesOf, DEFAULT_MEMORY } from "../machine/size.ts";
import type { Crash } from "../machine/stack/crash.ts";
import { visible } from "../visible.ts";
import type { PreparedRun } from "./run-options.ts";
import type { Continued } from "./starts/kept.ts";
import { lazyHeapWarning } from "./starts/lazy.ts";
import { statusOfEnd, TIMED_OUT } from "./status.ts";
import { shown } from "./text/print.ts";

/** The options of a traced run, and the consumer of its lines. */
export interface TracedRun {
  readonly options: TraceOptions;
  readonly line: (line: string, pid: number) => void;
}

const deviceOf = (fd: number): number | undefined => {
  try {
    const status = fstatSync(fd);
    return status.isCharacterDevice() ? status.rdev : undefined;
  } catch {
    return undefined;
  }
};
/** True for the host's /dev/null, which the guest sees as its own. */
const isNull = (fd: number): boolean => {
  const device = deviceOf(fd);
  return device !== undefined && device === statSync("/dev/null", { throwIfNoEntry: false })?.rdev;
};
/**
 * True if the descriptor may be a terminal. /dev/null is excluded, because Node.js loads a module for
 * terminals.
 */
const isDevice = (fd: number): boolean => deviceOf(fd) !== undefined && !isNull(fd);
/** True for a regular file. */
export const isFile = (fd: number): boolean => {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
};

/** Signals came time and again: the run ends by the last one. */
class Insisted extends Error {
  readonly signal: number;
  constructor(signal: number) {
    super();
    this.signal = signal;
  }
}

const SIGINT = 2;
const DAY = 86_400_000;
const say = (line: string): void => writeLine(2, shown(line));

/** Prints Linux's log of a fault, without the code bytes. */
const sayFaults = ({ kernel }: Machine): void => {
  const faults = kernel.log.records.filter(({ text }) => / segfault at |^traps: /.test(text));
  for (const { text } of faults.slice(-1)) say(`trapgate: ${visible(text.replace(/^traps: /, ""))}`);
};

const keptOf = ({ instructions }: Pick<Continued, "instructions">) => ({ "instructions of a kept start": instructions });
const sayFigures = (figures: object): void => {
  const all = { ...figures, "kilobytes resident": process.resourceUsage().maxRSS };
  say(
    Object.entries(all)
      .map(([name, value]) => `${name}: ${value}`)
      .join("\n"),
  );
};

/** A sink whose accepted bytes are seen, too. */
const seen = (to: ByteSink, see: ((bytes: Uint8Array) => void) | undefined): ByteSink =>
  see === undefined
    ? to
    : {
        queue: to.queue,
        write(bytes) {
          const taken = to.write(bytes);
          if (taken > 0) see(bytes.subarray(0, taken));
          return taken;
        },
      };

/** --timeout and --memory hold for all that is read before the guest starts, too. */
const budgetOf = ({ program, machine, image, overlay }: PreparedRun): WorkBudget =>
  new WorkBudget({
    seconds: program.timeout,
    bytes: bytesOf(machine.memory ?? DEFAULT_MEMORY),
    subject: image ? "the image" : overlay === undefined ? "the input" : "the overlay",
  });

/** Runs the program. `watched`: other observers of the run. */
export const execute = async (given: PreparedRun, tracing?: TracedRun, watched: Hooks = {}): Promise<number> => {
  const budget = budgetOf(given);
  heapFor(given.machine.memory);
  const prepared = given.image ? await (await import("./image.ts")).withImage(given, budget) : given;
  const { path } = prepared;
  if (given.hasGuardedHeap) lazyHeapWarning().warnWithoutHeap(prepared.machine, path, prepared.program, { searched: PATH });
  const policy = prepared.policy && (await (await import("./run-policy.ts")).policyFor(prepared.policy, prepared, budget));
  const explains = prepared.why || prepared.whyJson !== undefined;
  const report = explains ? (await import("./why.ts")).reportFor(policy?.policy, prepared.machine.kernel) : undefined;
  const timeout = budget.secondsLeft;
  const program = {
    ...prepared.program,
    ...(timeout === undefined ? {} : { timeout }),
    ...(policy ? { policy: policy.given } : {}),
  };
  const host = [0, 1, 2].some(isDevice) ? await import("../host/node-terminal.ts") : undefined;
  const own = host?.terminal();
  const found = prepared.terminal ? prepared.terminal(own) : own;
  const tty = found && prepared.stdin ? { ...found, uses: [false, found.uses[1], found.uses[2]] as const } : found;
  const network = prepared.network && (await import("./network.ts")).networkFrom(prepared.network, say);
  const taping = prepared.record && (await import("./tape.ts"));
  const tape = taping && prepared.record && new taping.Tape(prepared.record);
  const input = prepared.stdin ?? (taping && isFile(0) ? taping.wholeInput() : undefined);
  const nulls = (input ? [1, 2] : [0, 1, 2]).filter(isNull);
  const boot: BootOptions = {
    ...prepared.machine,
    ...(network ? { network } : {}),
    ...(prepared.overlay === undefined ? {} : { overlay: (await import("../host/overlay/overlay.ts")).hostOverlay(prepared.overlay) }),
    budget,
    sharedMemory: true,
    largeTraces: true,
    ...(prepared.code ? { code: prepared.code } : {}),
    ...(tty ? { terminal: { ...tty, sink: seen(tty.sink, watched.stdout) } } : {}),
  };
  const plain = { boot, stdout: seen(fdSink(1), watched.stdout), stderr: seen(fdSink(2), watched.stderr) };
  const isFunctionOfFiles = !tracing && !input && !isFile(0) && Object.keys(watched).length === 0;
  const start =
    prepared.starts !== undefined && isFunctionOfFiles
      ? (await import("./starts/start.ts")).RunStart.of({
          folder: prepared.starts,
          boot,
          path,
          program,
          nulls,
          sinks: plain,
          file: prepared.file,
        })
      : undefined;
  const earlier = start?.continued();
  if (earlier && "status" in earlier) {
    if (prepared.stats) sayFigures({ ...earlier.stats, ...keptOf(earlier.stats) });
    return statusOfEnd(earlier.status);
  }
  const watching = earlier ? undefined : start?.watch();
  const used = watching
    ? { boot: watching.boot, ...watching.sinks }
    : (tape?.begin(boot, { ...plain, path, program, policy: policy?.given, nulls, hasJob: tty?.uses[0] === true }) ?? plain);
  const { machine, program: started } = earlier ?? prepared.continues?.(used.boot) ?? { machine: new Machine(used.boot), program: path };
  const hasEnded = typeof started === "object" && "streams" in started && started.streams.hasEnded;
  if (input && !hasEnded) {
    machine.inputs.push({ kind: "bytes", bytes: input });
    if (!(tty && prepared.continues)) machine.inputs.push({ kind: "end" });
  }
  const regions =
    prepared.dumpJit === undefined ? undefined : (await import("./commands/dump-jit.ts")).watchRegions(machine, prepared.dumpJit);
  // A terminal is read from the beginning, a pipe when the guest first waits.
  const typed = tty?.uses[0] === true && own?.uses[0] === true && !input;
  const stdin = input || isFile(0) || typed || hasEnded ? undefined : stdinInto(machine.inputs);
  if (tty && prepared.continues) machine.inputs.push({ kind: "resize", columns: tty.columns, rows: tty.rows });
  let awake: NodeJS.Timeout | undefined;
  const wanted = (): void => {
    // Signals alone do not keep Node waiting for a guest that sleeps.
    awake ??= setInterval(() => {}, DAY);
    stdin?.wanted();
  };
  const count = insistence((signal) => machine.inputs.push({ kind: "abort", reason: new Insisted(signal) }));
  const held = typed
    ? host!.useTerminal(
        machine.inputs,
        () => machine.terminalAwaited,
        () => count(SIGINT),
      )
    : undefined;
  const undo = [
    () => clearInterval(awake),
    passSignals(machine.inputs, count),
    () => stdin?.stop(),
    () => prepared.file?.close(),
    () => prepared.closes?.(),
    ...(tty && host ? [host.hangsUp(machine.inputs)] : []),
    ...(held ? [held.restore] : []),
  ];
  const hooks = {
    ...(prepared.kernelLog ? { kernelLog: say } : {}),
    ...(tracing ? { trace: tracing.line } : {}),
    ...(prepared.crash ? { crash: (crash: Crash) => say(crash.text) } : {}),
    ...(report ? { denied: (denial: Denial) => report.add(denial) } : {}),
    ...watched,
  };
  const options = { ...program, hooks, ...(tracing ? { trace: tracing.options } : {}) };
  let status: Run["status"] | undefined;
  try {
    const connection = {
      stdout: used.stdout,
      stderr: used.stderr,
      wanted,
      backlog,
      stdin: stdin || held || input ? undefined : stdinFile,
      ...(held ? { stopped: held.suspend } : {}),
      ...(tape ? { recorder: tape.recorder } : {}),
      nulls,
    };
    const run = await machine.run(started, options, connection, watching?.start);
    status = run.status;
    await regions?.report(say);
    if (prepared.stats) {
      sayFigures({ ...run.stats, ...(earlier && keptOf(earlier)), ...machine.engineStats });
    }
    if (machine.kernel.cpuTime.exceeded) say(`trapgate: ${path}: used its ${prepared.machine.cpuTime} s of processor time`);
    if (!prepared.kernelLog && !prepared.crash && "signal" in run.status) sayFaults(machine);
    if (!("timeout" in run.status)) return statusOfEnd(run.status);
    say(`trapgate: ${path}: gave up after ${given.program.timeout} s`);
    return TIMED_OUT;
  } catch (error) {
    if (policy && !(error instanceof Insisted)) throw (await import("./run-policy.ts")).withFileName(error, policy.name);
    if (!(error instanceof Insisted)) throw error;
    say(`trapgate: ${path}: given up, as the guest does not heed signal ${error.signal}`);
    return 128 + error.signal;
  } finally {
    for (const action of undo) action();
    if (prepared.why && report) say(report.text().trimEnd());
    if (prepared.whyJson !== undefined) report?.write(prepared.whyJson);
    await backlog.end();
    if (await tape?.end(status))
      if (prepared.record?.onFailure) say(`trapgate: the run is recorded: trapgate debug ${prepared.record.file}`);
  }
};
