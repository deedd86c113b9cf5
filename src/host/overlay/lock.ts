// One run at a time: a lock file with the process that holds it. A lock of a process that has ended is none.
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../../problem.ts";

const NAME = "lock";
/** The start of a process in ticks since boot; "" without /proc. man 5 proc_pid_stat, field 22. */
const beginOf = (pid: string): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /, "")
      .split(" ")[19];
  } catch {
    return undefined;
  }
};
const runs = (text: string): boolean => {
  const [pid = "", begin = ""] = text.trim().split(" ");
  if (!/^\d+$/.test(pid)) return false;
  if (begin !== "") return beginOf(pid) === begin;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};
const textAt = (path: string): string | undefined => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
};

let count = 0;
/**
 * Takes the lock of a folder. `path` is the lock's file, `name` the folder's name in messages. Returns its
 * release.
 *
 * @throws {Problem} Another run has the lock.
 */
export const lock = (path: string, name: string): (() => void) => {
  const at = join(path, NAME);
  const own = `${process.pid} ${beginOf(String(process.pid)) ?? ""} ${++count}`;
  const made = `${at}.${process.pid}.${count}`;
  writeFileSync(made, own, { flag: "wx", mode: 0o600 });
  try {
    for (let tried = 0; tried < 10; tried++) {
      try {
        linkSync(made, at);
        return () => {
          if (textAt(at) === own) unlinkSync(at);
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const found = textAt(at);
      if (found !== undefined && runs(found))
        throw new Problem("bad-overlay", `--overlay: ${name} is in use by process ${found.split(" ")[0]}`, {
          help: "one run at a time can change it",
        });
      // A lock that another process has taken meanwhile goes back.
      const old = `${made}.old`;
      try {
        renameSync(at, old);
        if (textAt(old) !== found) linkSync(old, at);
        unlinkSync(old);
      } catch {
        // Another process was faster.
      }
    }
    throw new Problem("bad-overlay", `--overlay: ${name} cannot be locked`);
  } finally {
    unlinkSync(made);
  }
};
