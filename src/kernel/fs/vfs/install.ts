// Giving a process a descriptor for a file. Linux fs/file.c get_unused_fd_flags(), fd_install().
import { RLIMIT } from "../../base/rlimit.ts";
import type { Task } from "../../task/task.ts";
import type { FileDescription } from "./file.ts";

export const fdLimit = (t: Task): number => t.process.limit(RLIMIT.NOFILE);
/** Give a new file description the lowest descriptor; without a free one it is released. */
export const install = (t: Task, file: FileDescription, cloexec: boolean, min = 0): number => {
  const bad = file.refs === 0 ? file.admit() : 0;
  file.hold();
  const fd = bad < 0 ? bad : t.files.install(file, fdLimit(t), { cloexec, min });
  file.drop();
  return fd;
};
