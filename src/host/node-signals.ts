// Signals that come to this process and are meant for the guest: its foreground processes get them.
import type { Inputs } from "../machine/inputs.ts";

const passed = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCONT"] as const;

/** Until the returned function is called. Signal 1 (SIGHUP) to 31 have the same numbers here and in the guest on Linux. */
export const passSignals = (inputs: Inputs): (() => void) => {
  const handler = (_name: string, signal: number): void => inputs.push({ kind: "signal", signal });
  for (const name of passed) process.on(name, handler);
  return () => {
    for (const name of passed) process.off(name, handler);
  };
};
