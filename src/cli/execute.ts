// Run a prepared program with this process's streams.
import { fstatSync, statSync } from "node:fs";
import { passSignals } from "../host/node-signals.ts";
import { fdSink, stdinInto } from "../host/node-streams.ts";
import { Machine } from "../machine/machine.ts";
import type { TraceOptions } from "../machine/trace.ts";
import type { Prepared } from "./run-options.ts";
import { statusOfEnd, TIMED_OUT } from "./status.ts";

export interface Tracing {
  readonly options: TraceOptions;
  readonly line: (line: string) => void;
}

/** May this be a terminal? Node's part for them takes a twentieth of a start, so /dev/null (where there is one) is not asked. */
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

const DAY = 86_400_000;
const say = (line: string): void => void fdSink(2).write(new TextEncoder().encode(`${line}\n`));

export const execute = async (prepared: Prepared, tracing?: Tracing): Promise<number> => {
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
  const regions = prepared.dumpJit === undefined ? undefined : (await import("./dump-jit.ts")).watchRegions(machine, prepared.dumpJit);
  const stdin = stdinInto(machine.inputs, isFile(0));
  let awake: NodeJS.Timeout | undefined;
  const wanted = (): void => {
    // Signals alone do not keep Node waiting for a guest that sleeps.
    awake ??= setInterval(() => {}, DAY);
    stdin.wanted();
  };
  const undo = [
    () => clearInterval(awake),
    passSignals(machine.inputs),
    stdin.stop,
    () => prepared.file?.close(),
    ...(tty?.uses[0] ? [host!.useTerminal(machine.inputs)] : []),
  ];
  const hooks = { ...(prepared.kernelLog ? { kernelLog: say } : {}), ...(tracing ? { trace: tracing.line } : {}) };
  const options = { ...program, hooks, ...(tracing ? { trace: tracing.options } : {}) };
  try {
    const run = await machine.run(path, options, { stdout: fdSink(1), stderr: fdSink(2), wanted });
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
  } finally {
    for (const action of undo) action();
  }
};
