// The type of overlayfs for mount(2).
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { type FileSystemType, owned } from "../../fs/types/mountable.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import type { FileSystem, Or } from "../../fs/vfs/inode.ts";
import { S_IFDIR } from "../../fs/vfs/mode.ts";
import { resolve } from "../../fs/vfs/resolve.ts";
import { OverlayFs } from "./overlay.ts";

/** Linux OVL_MAX_STACK. */
const MOST_LAYERS = 500;

/** The directory of an option of overlayfs. */
const layer = (t: Task, name: string): Or<Path> => {
  const path = resolve(t, t.fs.cwd, name);
  return typeof path === "number" || path.dentry.inode.isDir ? path : -E.ENOTDIR;
};
/** Linux ovl_fill_super(): without an upper directory the mount is read-only and needs two lower ones. */
const overlay = (t: Task, options: ReadonlyMap<string, string>): Or<FileSystem> => {
  const [lowerText, upperText, workText] = ["lowerdir", "upperdir", "workdir"].map((name) => options.get(name));
  if (!lowerText || (upperText !== undefined && workText === undefined)) return -E.EINVAL;
  // A backslash takes the meaning from a colon.
  const names = lowerText.match(/(?:\\.|[^:\\])+/g)?.map((name) => name.replace(/\\(.)/g, "$1")) ?? [];
  if (names.length > MOST_LAYERS || (upperText === undefined && names.length < 2)) return -E.EINVAL;
  const lower: Path[] = [];
  for (const name of names) {
    const path = layer(t, name);
    if (typeof path === "number") return path;
    lower.push(path);
  }
  const dirs = lower.map(({ dentry }) => dentry);
  const text = `,lowerdir=${lowerText}`;
  const { vfs } = t.kernel;
  if (upperText === undefined) return owned(t, new OverlayFs(vfs.newDev(), vfs.clock, { lower: dirs, upper: undefined, text }));
  const upper = layer(t, upperText);
  const work = layer(t, workText as string);
  if (typeof upper === "number") return upper;
  if (typeof work === "number") return work;
  const apart = upper.mount === work.mount && !upper.dentry.isWithin(work.dentry) && !work.dentry.isWithin(upper.dentry);
  if (!apart || upper.mount.fs.readOnly) return -E.EINVAL;
  const inner = work.dentry.inode.lookup("work", t);
  if (typeof inner === "number") work.dentry.inode.create("work", { mode: S_IFDIR, uid: 0, gid: 0, rdev: 0 });
  const layers = { lower: dirs, upper: upper.dentry, text: `${text},upperdir=${upperText},workdir=${workText}` };
  return owned(t, new OverlayFs(vfs.newDev(), vfs.clock, layers));
};

/** The type for mount(2). */
export const overlayType: FileSystemType = {
  options: [
    "lowerdir",
    "upperdir",
    "workdir",
    "redirect_dir",
    "index",
    "xino",
    "metacopy",
    "nfs_export",
    "uuid",
    "userxattr",
    "volatile",
    "verity",
  ],
  make: overlay,
};
