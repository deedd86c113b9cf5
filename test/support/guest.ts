// Programs of the host in a machine, and the same natively: the facts on which both must agree.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machine, type MachineOptions, type ProgramOptions, type Run } from "trapgate";
import { nodeTree } from "../../src/host/node-tree.ts";

/** The end of a run as runNative tells it. */
export const endOfRun = ({ status }: Run): number | string =>
  "exit" in status ? status.exit : "signal" in status ? status.signal : "timeout";

/** A program that lies on the host: its folder is seen copy-on-write at its own place. */
export const runHosted = (folder: string, program: string, options: MachineOptions & ProgramOptions = {}): Promise<Run> =>
  Machine.run(program, { mounts: [{ tree: nodeTree(folder), at: folder, mode: "cow" }], cwd: folder, ...options });

/** A program inside a root of its own. */
export const runRooted = (root: string, program: string, options: MachineOptions & ProgramOptions = {}): Promise<Run> =>
  Machine.run(program, { root: nodeTree(root), ...options });

/** A fresh folder for the length of `use`. */
export const inFolder = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), "trapgate-test-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
export const emptyFolder = (path: string): string => {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
};
