// /proc/PID/attr: the attributes of security modules. None of the modules here has one. Linux
// proc_pid_attr_read(), proc_pid_attr_write().
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import type { ProcFs } from "./procfs.ts";
import { recipe } from "./tree/derived.ts";
import { DT, type InodeOwner, type ProcContent, type ProcEntry, ProcFileNode } from "./tree/node.ts";

const NAMES = ["current", "prev", "exec", "fscreate", "keycreate", "sockcreate"] as const;

const content = recipe(
  "proc attribute",
  (target: Task): ProcContent => ({
    isSource: false,
    read: () => -E.EINVAL,
    write: (task) => (task.mem === target.mem ? -E.EINVAL : -E.EPERM),
  }),
);
/** The entries of the directory, with inode numbers from `first` on. */
export const attributes = (fs: ProcFs, target: Task, owner: InodeOwner, first: number): ProcEntry[] =>
  NAMES.map((name, i) => {
    const ino = first + i;
    return { name, ino, type: DT.reg, make: () => new ProcFileNode(fs, ino, name === "prev" ? 0o444 : 0o666, content(target), owner) };
  });
