// /proc/PID/mounts and mountinfo, seen from a task's root. Linux fs/proc_namespace.c.
import type { Task } from "../../core/task.ts";
import { nameInside, type Path, pathName } from "../vfs/dentry.ts";
import { type FileSystem, SB } from "../vfs/inode.ts";
import { major, minor } from "../vfs/mode.ts";
import {
  type Mount,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_RDONLY,
  MS_RELATIME,
} from "../vfs/mount.ts";
import type { PeerGroup } from "../vfs/peers.ts";
import { isReadOnly } from "../vfs/permission.ts";
import type { ProcRecord } from "./tree/node.ts";

const names = [
  [MS_NOSUID, "nosuid"],
  [MS_NODEV, "nodev"],
  [MS_NOEXEC, "noexec"],
  [MS_NOATIME, "noatime"],
  [MS_NODIRATIME, "nodiratime"],
  [MS_RELATIME, "relatime"],
  [MS_NOSYMFOLLOW, "nosymfollow"],
] as const;
const superNames = [
  [SB.SYNCHRONOUS, "sync"],
  [SB.DIRSYNC, "dirsync"],
  [SB.MANDLOCK, "mand"],
  [SB.LAZYTIME, "lazytime"],
] as const;
const named = (value: number, list: readonly (readonly [number, string])[]): string =>
  list
    .filter(([flag]) => value & flag)
    .map(([, name]) => `,${name}`)
    .join("");
/** The options of a file system, each with a comma before it. Linux show_sb_opts(), s_op->show_options(). */
export const superOptions = (fs: FileSystem): string => named(fs.superFlags, superNames);
const mountOptions = ({ flags }: Mount): string => named(flags, names);
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
  lines(task, from, (mount, at) => {
    const { fs, source } = mount;
    const state = `${isReadOnly(mount) ? "ro" : "rw"}${superOptions(fs)}${mountOptions(mount)}${fs.options()}`;
    return `${mangle(source)} ${at} ${fs.type} ${state} 0 0\n`;
  });

/** The lines of /proc/PID/mountstats. No file system here has statistics. Linux show_vfsstat(). */
export const mountstatsFrom = (task: Task, from: number): Iterable<ProcRecord> =>
  lines(task, from, ({ fs, source }, at) => `device ${mangle(source)} mounted on ${at} with fstype ${fs.type}\n`);

/** The nearest group above a slave that has a member which `root` reaches. Linux get_dominating_id(). */
export const dominatingGroup = ({ master, namespace }: Mount, root: Path): PeerGroup | undefined => {
  const seen = new Set<PeerGroup>();
  for (let group = master; group && !seen.has(group); group = [...group.members][0]?.master) {
    seen.add(group);
    for (const peer of group.members) if (peer.namespace === namespace && pathName(peer.path, root).reachable) return group;
  }
  return undefined;
};
/** The optional fields: peer groups. man 5 proc_pid_mountinfo. */
const peersText = (mount: Mount, root: Path): string => {
  const { peers, master, unbindable } = mount;
  const above = dominatingGroup(mount, root);
  return [
    peers ? ` shared:${peers.id}` : "",
    master ? ` master:${master.id}` : "",
    above && above !== master ? ` propagate_from:${above.id}` : "",
    unbindable ? " unbindable" : "",
  ].join("");
};

/** The lines of /proc/PID/mountinfo from mount id `from` on. man 5 proc_pid_mountinfo. */
export const mountinfoFrom = (task: Task, from: number): Iterable<ProcRecord> =>
  lines(task, from, (mount, at) => {
    const { dev, type, readOnly } = mount.fs;
    const inside = nameInside(mount.root);
    const own = `${mount.flags & MS_RDONLY ? "ro" : "rw"}${mountOptions(mount)}`;
    const state = `${readOnly ? "ro" : "rw"}${superOptions(mount.fs)}${mount.fs.options()}`;
    return `${mount.id} ${mount.parent?.id ?? mount.id} ${major(dev)}:${minor(dev)} ${mangle(inside)} ${at} ${own}${peersText(mount, task.fs.root)} - ${type} ${mangle(mount.source)} ${state}\n`;
  });
