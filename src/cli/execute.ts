// Run a prepared program with this process's streams.
import { fstatSync } from "node:fs";
import { isatty } from "node:tty";
import { passSignals } from "../host/node-signals.ts";
import { fdSink, stdinInto } from "../host/node-streams.ts";
import { terminalSize, useTerminal } from "../host/node-terminal.ts";
import { Machine } from "../machine/machine.ts";
import type { TerminalOptions } from "../machine/standard-streams.ts";
import type { TraceOptions } from "../machine/trace.ts";
import type { Prepared } from "./run-options.ts";
import { statusOfEnd, TIMED_OUT } from "./status.ts";

export interface Tracing {
  readonly options: TraceOptions;
  readonly line: (line: string) => void;
}

const terminal = (): TerminalOptions | undefined => {
  const uses = [isatty(0), isatty(1), isatty(2)] as const;
  if (!uses.includes(true)) return undefined;
  // Standard output or error if one of them is it; else a terminal is open for writing on descriptor 0 as well.
  return { sink: fdSink(Math.max(0, uses.indexOf(true, 1))), ...terminalSize(), uses };
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
  const tty = terminal();
  const machine = new Machine(tty ? { ...prepared.machine, terminal: tty } : prepared.machine);
  const regions = prepared.dumpJit === undefined ? undefined : (await import("./dump-jit.ts")).watchRegions(machine, prepared.dumpJit);
  machine.inputs.turn = () => new Promise((resolve) => setImmediate(resolve));
  const stdin = stdinInto(machine.inputs, isFile(0));
  // Signals alone do not keep Node waiting for a guest that sleeps.
  const awake = setInterval(() => {}, DAY);
  const undo = [() => clearInterval(awake), passSignals(machine.inputs), stdin.stop, ...(isatty(0) ? [useTerminal(machine.inputs)] : [])];
  const hooks = { ...(prepared.kernelLog ? { kernelLog: say } : {}), ...(tracing ? { trace: tracing.line } : {}) };
  const options = { ...program, hooks, ...(tracing ? { trace: tracing.options } : {}) };
  try {
    const run = await machine.run(path, options, { stdout: fdSink(1), stderr: fdSink(2), wanted: stdin.wanted });
    await regions?.report(say);
    if (prepared.stats) {
      const figures = { ...run.stats, ...machine.engineStats, "kilobytes resident": process.resourceUsage().maxRSS };
      for (const [name, value] of Object.entries(figures)) say(`${name}: ${value}`);
    }
    if (!("timeout" in run.status)) return statusOfEnd(run.status);
    say(`trapgate: ${path}: gave up after ${run.status.timeout} s`);
    return TIMED_OUT;
  } finally {
    for (const action of undo) action();
  }
};
