// Signals that come to this process and are meant for the guest: its foreground processes get them.
import { constants } from "node:os";
import type { Inputs } from "../machine/inputs.ts";

const passed = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCONT"] as const;

/** Until the returned function is called. Signal 1 (SIGHUP) to 31 have the same numbers here and in the guest on Linux. */
export const passSignals = (inputs: Inputs): (() => void) => {
  const handlers = passed.map((name) => [name, () => inputs.push({ kind: "signal", signal: constants.signals[name] })] as const);
  for (const [name, handler] of handlers) process.on(name, handler);
  return () => {
    for (const [name, handler] of handlers) process.off(name, handler);
  };
};
