// /proc/PID/mounts and mountinfo, seen from a task's root. Linux fs/proc_namespace.c.
import type { Task } from "../../task/task.ts";
import { pathName } from "../vfs/dentry.ts";
import { major, minor } from "../vfs/mode.ts";
import { type Mount, MS_NOATIME, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_RELATIME } from "../vfs/mount.ts";
import { isReadOnly } from "../vfs/permission.ts";

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
/** Blanks and backslashes would break the columns. */
const mangle = (s: string): string => s.replace(/[ \t\n\\#]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`);

/** The mounts that can be reached from the root, with where they are. */
const visible = (task: Task): { mount: Mount; at: string }[] =>
  task.namespaces.mnt.list().flatMap((mount) => {
    const { name, reachable } = pathName(mount.path, task.fs.root);
    return reachable ? [{ mount, at: mangle(name) }] : [];
  });

export const mountsText = (task: Task): string =>
  visible(task)
    .map(({ mount, at }) => `${mangle(mount.source)} ${at} ${mount.fs.type} ${options(mount)}${mount.fs.options()} 0 0\n`)
    .join("");

export const mountinfoText = (task: Task): string =>
  visible(task)
    .map(({ mount, at }) => {
      const { dev, type } = mount.fs;
      const inside = pathName({ mount: mount, dentry: mount.root }, { mount, dentry: mount.fs.root }).name;
      const state = `${isReadOnly(mount) ? "ro" : "rw"}${mount.fs.options()}`;
      return `${mount.id} ${mount.parent?.id ?? mount.id} ${major(dev)}:${minor(dev)} ${mangle(inside)} ${at} ${options(mount)} - ${type} ${mangle(mount.source)} ${state}\n`;
    })
    .join("");
