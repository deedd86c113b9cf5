// /proc/PID/mounts and mountinfo, seen from a task's root. Linux fs/proc_namespace.c.
import type { Task } from "../../task/task.ts";
import { pathName } from "../vfs/dentry.ts";
import { major, minor } from "../vfs/mode.ts";
import { type Mount, MS_NOATIME, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_RELATIME } from "../vfs/mount.ts";
import { isReadOnly } from "../vfs/permission.ts";
import type { ProcRecord } from "./node.ts";

const names = [
  [MS_NOSUID, "nosuid"],
  [MS_NODEV, "nodev"],
  [MS_NOEXEC, "noexec"],
  [MS_NOATIME, "noatime"],
  [MS_RELATIME, "relatime"],
] as const;
const options = (mount: Mount): string =>
  [
    mount.flags & MS_RDONLY || isReadOnly(mount) ? "ro" : "rw",
    ...names.filter(([flag]) => mount.flags & flag).map(([, name]) => name),
  ].join(",");
/** Escapes white space, backslashes and `#`, which would break the columns, in octal. Linux mangle(). */
const mangle = (s: string): string => s.replace(/[ \t\n\\#]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`);

/**
 * One record for each mount from id `from` on. The text is empty if the task's root does not reach the mount.
 */
function* lines(task: Task, from: number, text: (mount: Mount, at: string) => string): Generator<ProcRecord> {
  for (const mount of task.namespaces.mnt.list(from)) {
    const { name, reachable } = pathName(mount.path, task.fs.root);
    yield { text: reachable ? text(mount, mangle(name)) : "", next: mount.id + 1 };
  }
}

/** The lines of /proc/PID/mounts from mount id `from` on. man 5 proc_pid_mounts. */
export const mountsFrom = (task: Task, from: number): Iterable<ProcRecord> =>
  lines(task, from, (mount, at) => `${mangle(mount.source)} ${at} ${mount.fs.type} ${options(mount)}${mount.fs.options()} 0 0\n`);

/** The lines of /proc/PID/mountinfo from mount id `from` on. man 5 proc_pid_mountinfo. */
export const mountinfoFrom = (task: Task, from: number): Iterable<ProcRecord> =>
  lines(task, from, (mount, at) => {
    const { dev, type } = mount.fs;
    const inside = pathName({ mount, dentry: mount.root }, { mount, dentry: mount.fs.root }).name;
    const state = `${isReadOnly(mount) ? "ro" : "rw"}${mount.fs.options()}`;
    return `${mount.id} ${mount.parent?.id ?? mount.id} ${major(dev)}:${minor(dev)} ${mangle(inside)} ${at} ${options(mount)} - ${type} ${mangle(mount.source)} ${state}\n`;
  });
