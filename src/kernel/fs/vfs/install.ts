// Allocation of a descriptor for a file description. Linux fs/file.c get_unused_fd_flags(), fd_install().
import { RLIMIT } from "../../base/rlimit.ts";
import type { Task } from "../../core/task.ts";
import type { FileDescription } from "./file.ts";

/** RLIMIT_NOFILE: one more than the greatest descriptor. */
export const fdLimit = (t: Task): number => t.process.limit(RLIMIT.NOFILE);
/**
 * Gives a new file description the lowest free descriptor from `min` on. Without a free one the description
 * is released and the result is -errno.
 */
export const install = (t: Task, file: FileDescription, cloexec: boolean, min = 0): number => {
  const bad = file.refs === 0 ? file.admit() : 0;
  file.hold();
  const fd = bad < 0 ? bad : t.files.install(file, fdLimit(t), { cloexec, min });
  file.drop();
  return fd;
};
