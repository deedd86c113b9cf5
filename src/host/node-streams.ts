// This process's standard streams as the core's byte streams.
import { readSync } from "node:fs";
import type { ByteFile } from "../kernel/fs/files/stream.ts";
import type { Inputs } from "../machine/inputs.ts";

/** Standard input that is a file: read as the guest reads it, from where the descriptor stands. */
export const stdinFile: ByteFile = {
  read(into) {
    try {
      return readSync(0, into, 0, into.length, null);
    } catch {
      return 0;
    }
  },
};

/**
 * Standard input that is a pipe. Nothing is read before `wanted` is called; reading continues
 * until `stop`.
 */
export const stdinInto = (inputs: Inputs): { readonly wanted: () => void; readonly stop: () => void } => {
  let started = false;
  return {
    wanted() {
      if (started) return;
      started = true;
      const { stdin } = process;
      stdin.on("data", (chunk: Buffer) => inputs.push({ kind: "bytes", bytes: new Uint8Array(chunk) }));
      stdin.once("end", () => inputs.push({ kind: "end" }));
      stdin.once("error", () => inputs.push({ kind: "end" }));
    },
    stop() {
      if (started) process.stdin.destroy();
    },
  };
};
