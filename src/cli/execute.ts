// Run a prepared program with this process's streams.
import { fstatSync, statSync } from "node:fs";
import { passSignals } from "../host/node-signals.ts";
import { backlog, fdSink } from "../host/node-sink.ts";
import { stdinFile, stdinInto } from "../host/node-streams.ts";
import { Machine } from "../machine/machine.ts";
import type { AttachedFilter, TraceOptions } from "../machine/options.ts";
import type { Prepared } from "./run-options.ts";
import { statusOfEnd, TIMED_OUT } from "./status.ts";

export interface Tracing {
  readonly options: TraceOptions;
  readonly line: (line: string) => void;
}

/** True if the descriptor may be a terminal. /dev/null is excluded, because Node.js loads a module for terminals. */
const isDevice = (fd: number): boolean => {
  try {
    const status = fstatSync(fd);
    return status.isCharacterDevice() && status.rdev !== statSync("/dev/null", { throwIfNoEntry: false })?.rdev;
  } catch {
    return false;
  }
};
const isFile = (fd: number): boolean => {
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

const DAY = 86_400_000;
const say = (line: string): void => void fdSink(2).write(new TextEncoder().encode(`${line}\n`));

export const execute = async (prepared: Prepared, tracing?: Tracing, onFilter?: (attached: AttachedFilter) => void): Promise<number> => {
  const { path, program } = prepared;
  const host = [0, 1, 2].some(isDevice) ? await import("../host/node-terminal.ts") : undefined;
  const tty = host?.terminal();
  const machine = new Machine({
    ...prepared.machine,
    sharedMemory: true,
    largeTraces: true,
    ...(prepared.code ? { code: prepared.code } : {}),
    ...(tty ? { terminal: tty } : {}),
  });
  const regions =
    prepared.dumpJit === undefined ? undefined : (await import("./commands/dump-jit.ts")).watchRegions(machine, prepared.dumpJit);
  const stdin = isFile(0) ? undefined : stdinInto(machine.inputs);
  let awake: NodeJS.Timeout | undefined;
  const wanted = (): void => {
    // Signals alone do not keep Node waiting for a guest that sleeps.
    awake ??= setInterval(() => {}, DAY);
    stdin?.wanted();
  };
  const undo = [
    () => clearInterval(awake),
    passSignals(machine.inputs, (signal) => machine.inputs.push({ kind: "abort", reason: new Insisted(signal) })),
    () => stdin?.stop(),
    () => prepared.file?.close(),
    ...(tty ? [host!.hangsUp(machine.inputs)] : []),
    ...(tty?.uses[0] ? [host!.useTerminal(machine.inputs)] : []),
  ];
  const hooks = {
    ...(prepared.kernelLog ? { kernelLog: say } : {}),
    ...(tracing ? { trace: tracing.line } : {}),
    ...(onFilter ? { filter: onFilter } : {}),
  };
  const options = { ...program, hooks, ...(tracing ? { trace: tracing.options } : {}) };
  try {
    const connection = { stdout: fdSink(1), stderr: fdSink(2), wanted, backlog, stdin: stdin ? undefined : stdinFile };
    const run = await machine.run(path, options, connection);
    await regions?.report(say);
    if (prepared.stats) {
      const figures = { ...run.stats, ...machine.engineStats, "kilobytes resident": process.resourceUsage().maxRSS };
      say(
        Object.entries(figures)
          .map(([name, value]) => `${name}: ${value}`)
          .join("\n"),
      );
    }
    if (machine.kernel.cpuTime.exceeded) say(`trapgate: ${path}: used its ${prepared.machine.cpuTime} s of processor time`);
    if (!("timeout" in run.status)) return statusOfEnd(run.status);
    say(`trapgate: ${path}: gave up after ${run.status.timeout} s`);
    return TIMED_OUT;
  } catch (error) {
    if (!(error instanceof Insisted)) throw error;
    say(`trapgate: ${path}: given up, as the guest does not heed signal ${error.signal}`);
    return 128 + error.signal;
  } finally {
    for (const action of undo) action();
    await backlog.end();
  }
};
