// The end of a program from the status word of wait(2). man 2 wait, "WIFEXITED".
import { type SignalName, signalName } from "../../kernel/signal/state/set.ts";

export { type SignalName, signalNames } from "../../kernel/signal/state/set.ts";

/** The end of a process: its exit status, 0 to 255, or the name of the signal that killed it. man 2 wait. */
export type End = { readonly exit: number } | { readonly signal: SignalName; readonly core: boolean };

const CORE = 0x80;

/** The end of a process from its status word. */
export const endOf = (status: number): End => {
  const signal = status & 0x7f;
  return signal === 0 ? { exit: (status >> 8) & 0xff } : { signal: signalName(signal) as SignalName, core: (status & CORE) !== 0 };
};
