// Where lines of a trace go: standard error, a file, a file for each task (-ff), or a command ('|COMMAND').
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeLine } from "../host/node-sink.ts";
import { Problem } from "../problem.ts";

/** An output of lines. */
export interface LineOutput {
  readonly line: (text: string, pid: number) => void;
  /** Ends the output. A command is waited for. */
  close(): Promise<void>;
}

const writer =
  (fd: number): ((text: string) => void) =>
  (text) =>
    writeLine(fd, text);
const open = (file: string): number => {
  try {
    return openSync(file, "w");
  } catch (cause) {
    throw new Problem("cannot-write", `-o: ${file} cannot be written`, { cause });
  }
};

const files = (name: string): LineOutput => {
  const writers = new Map<number, { readonly fd: number; readonly write: (text: string) => void }>();
  return {
    line(text, pid) {
      let found = writers.get(pid);
      if (!found) {
        const fd = open(`${name}.${pid}`);
        writers.set(pid, (found = { fd, write: writer(fd) }));
      }
      found.write(text);
    },
    async close() {
      for (const { fd } of writers.values()) closeSync(fd);
    },
  };
};

/**
 * A shell command that reads the lines, through a FIFO: its end of the pipe is a plain descriptor, as files
 * are.
 */
const command = (text: string): LineOutput => {
  const folder = mkdtempSync(join(tmpdir(), "trapgate-"));
  const fifo = join(folder, "lines");
  try {
    if (spawnSync("mkfifo", ["-m", "600", fifo]).status !== 0) throw new Problem("host", `-o: no pipe can be made in ${folder}`);
    const child = spawn("sh", ["-c", `exec <"$0"; rm -r -- "$1"; ${text}`, fifo, folder], { stdio: ["ignore", "inherit", "inherit"] });
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    const fd = openSync(fifo, "w");
    return {
      line: writer(fd),
      async close() {
        closeSync(fd);
        await ended;
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
};

/** The output of `-o`: undefined is standard error. `separate`: one file for each task. */
export const lineOutput = (name: string | undefined, separate: boolean): LineOutput => {
  if (name === undefined) return { line: writer(2), close: async () => {} };
  if (/^[|!]/.test(name)) {
    if (separate) throw new Problem("usage", "-ff writes to files, not to a command");
    return command(name.slice(1));
  }
  if (separate) return files(name);
  const fd = open(name);
  return { line: writer(fd), close: async () => closeSync(fd) };
};
