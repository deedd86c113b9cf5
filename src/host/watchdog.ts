// A watchdog for work on data that others made: a thread that ends the process if the work makes no step for
// a
// while. Code of the kernel runs until it is done; with a forged state that can be never.
import { Worker } from "node:worker_threads";

/** The thread: two words, the count of steps and 1 for the end. */
const thread = `
const { workerData: { words, patience, message } } = require("node:worker_threads");
const { writeSync } = require("node:fs");
// Turns are counted, and no clock is read: a process that was stopped for long has not been idle.
const every = Math.min(250, patience / 4);
let [last, idle] = [-1, 0];
const timer = setInterval(() => {
  if (Atomics.load(words, 1) !== 0) return clearInterval(timer);
  const now = Atomics.load(words, 0);
  if (now !== last) [last, idle] = [now, 0];
  else if ((idle += every) > patience) {
    writeSync(2, message);
    process.kill(process.pid, "SIGKILL");
  }
}, every);
`;

/** A running watchdog. */
export interface Watchdog {
  /** The work has made a step. */
  step(): void;
  end(): void;
}
/** Ends the process by SIGKILL, with a message, if no step is made for so many milliseconds. */
export const watchdog = (patience: number, message: string): Watchdog => {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(thread, { eval: true, execArgv: [], workerData: { words, patience, message } });
  worker.unref();
  // Without threads the work is not watched.
  worker.on("error", () => undefined);
  return {
    step: () => void Atomics.add(words, 0, 1),
    end: () => {
      Atomics.store(words, 1, 1);
      void worker.terminate();
    },
  };
};
