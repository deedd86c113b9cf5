// This process's standard streams as the core's byte streams.
import { readSync, writeSync } from "node:fs";
import { E, type ErrnoName } from "../abi/errno.ts";
import { WaitQueue } from "../kernel/base/wait.ts";
import type { ByteSink } from "../kernel/fs/files/stream.ts";
import type { Inputs } from "../machine/inputs.ts";

/** A descriptor of ours that somebody else made non-blocking is full: the guest waits as it would in a blocking write. */
const RETRY_MS = 1;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes at once, so that the guest's output and ours come in order and nothing is lost when we end. */
export const fdSink = (fd: number): ByteSink => ({
  queue: new WaitQueue(true),
  write(bytes) {
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(fd, bytes, at);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code as ErrnoName;
        if (code !== "EAGAIN") return -(E[code] ?? E.EIO);
        Atomics.wait(pause, 0, 0, RETRY_MS);
      }
    }
    return bytes.length;
  },
});

/** Bytes that are asked of standard input at a time. */
const CHUNK = 65536;

/**
 * Standard input, not touched before somebody wants it. A file is read to its end at once: then nothing depends on timing.
 * Returns what to call when it is wanted; the reading of a pipe or terminal goes on until `stop`.
 */
export const stdinInto = (inputs: Inputs, isFile: boolean): { readonly wanted: () => void; readonly stop: () => void } => {
  let started = false;
  const readFile = (): void => {
    for (;;) {
      const chunk = new Uint8Array(CHUNK);
      const n = readSync(0, chunk, 0, CHUNK, null);
      if (n === 0) break;
      inputs.push({ kind: "bytes", bytes: chunk.subarray(0, n) });
    }
    inputs.push({ kind: "end" });
  };
  const listen = (): void => {
    const { stdin } = process;
    stdin.on("data", (chunk: Buffer) => inputs.push({ kind: "bytes", bytes: new Uint8Array(chunk) }));
    stdin.once("end", () => inputs.push({ kind: "end" }));
    stdin.once("error", () => inputs.push({ kind: "end" }));
  };
  return {
    wanted() {
      if (started) return;
      started = true;
      if (isFile) readFile();
      else listen();
    },
    stop() {
      if (started && !isFile) process.stdin.destroy();
    },
  };
};
