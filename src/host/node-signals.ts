// Signals to this process that are meant for the guest: its foreground processes get them. A guest may block
// or ignore them. The third SIGINT or SIGTERM within a few seconds ends the run, as with docker run.
import type { Inputs } from "../machine/inputs.ts";

const passed = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCONT"] as const;

const insisting: ReadonlySet<string> = new Set(["SIGINT", "SIGTERM"]);
const INSISTS = { times: 3, milliseconds: 3000 } as const;

/** Counts signals; calls `insists` at the third one within three seconds. */
export const insistence = (insists: (signal: number) => void): ((signal: number) => void) => {
  const times: number[] = [];
  return (signal) => {
    const now = performance.now();
    times.push(now);
    const since = times.at(-INSISTS.times);
    if (since !== undefined && now - since < INSISTS.milliseconds) insists(signal);
  };
};

/**
 * Until the returned function is called. Signal 1 (SIGHUP) to 31 have the same numbers here and in the guest
 * on Linux. `count`: is called with each SIGINT and SIGTERM.
 */
export const passSignals = (inputs: Inputs, count: (signal: number) => void): (() => void) => {
  const handler = (name: string, signal: number): void => {
    inputs.push({ kind: "signal", signal });
    if (insisting.has(name)) count(signal);
  };
  for (const name of passed) process.on(name, handler);
  return () => {
    for (const name of passed) process.off(name, handler);
  };
};
