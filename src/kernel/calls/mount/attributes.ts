// mount_setattr(2): flags and propagation of a mount or a whole tree. man 2 mount_setattr; fs/namespace.c.
import { x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { AT_RECURSIVE, MOUNT_ATTR, MOUNT_ATTR_ATIME, mountAttr } from "../../../abi/uapi/mount.ts";
import type { Task } from "../../core/task.ts";
import {
  ATIME_FLAGS,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_RDONLY,
  MS_RELATIME,
} from "../../fs/vfs/mount.ts";
import { size } from "../../syscall/arg.ts";
import { AT_EMPTY_PATH, AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW, dirfd } from "../../syscall/arg-file.ts";
import { flags, flagText } from "../../syscall/arg-flags.ts";
import { cstring, inStruct } from "../../syscall/arg-string.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { lookup } from "../file/path.ts";
import { readSized } from "./sized.ts";
import {
  changeFlags,
  isDetachedRoot,
  isOurs,
  isRoot,
  type MountChange,
  MS_PRIVATE,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  mayMount,
  mountsOf,
  PROPAGATION,
  setPropagation,
} from "./tree.ts";

const A = MOUNT_ATTR;
const plain = [
  [A.MOUNT_ATTR_RDONLY, MS_RDONLY],
  [A.MOUNT_ATTR_NOSUID, MS_NOSUID],
  [A.MOUNT_ATTR_NODEV, MS_NODEV],
  [A.MOUNT_ATTR_NOEXEC, MS_NOEXEC],
  [A.MOUNT_ATTR_NODIRATIME, MS_NODIRATIME],
  [A.MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW],
] as const;
const PLAIN = plain.reduce((all, [attribute]) => all | attribute, 0);
/** The attributes that fsmount(2) takes. Linux FSMOUNT_VALID_FLAGS. */
export const FSMOUNT_ATTRS = PLAIN | MOUNT_ATTR_ATIME;

/** The mount flags of attributes without access times. */
const flagsOf = (attributes: number): number => plain.reduce((all, [attribute, flag]) => (attributes & attribute ? all | flag : all), 0);
/** The mount flags of a value for access times, or -EINVAL. */
const atimeOf = (attributes: number): number => {
  switch (attributes & MOUNT_ATTR_ATIME) {
    case 0:
      return MS_RELATIME;
    case A.MOUNT_ATTR_NOATIME:
      return MS_NOATIME;
    case A.MOUNT_ATTR_STRICTATIME:
      return 0;
    default:
      return -E.EINVAL;
  }
};
/** The flags of a new mount, or -EINVAL. */
export const newMountFlags = (attributes: number): number => {
  const atime = atimeOf(attributes);
  return atime < 0 ? atime : flagsOf(attributes) | atime;
};
/** The attributes of a mount's flags. Linux mnt_to_attr_flags(). */
export const attributesOf = (mountFlags: number): number =>
  plain.reduce(
    (all, [attribute, flag]) => (mountFlags & flag ? all | attribute : all),
    mountFlags & MS_NOATIME ? A.MOUNT_ATTR_NOATIME : mountFlags & MS_RELATIME ? 0 : A.MOUNT_ATTR_STRICTATIME,
  );

interface Wanted extends MountChange {
  readonly propagation: number;
}

/** Linux build_mount_kattr(), without id-mapped mounts. */
const wanted = (t: Task, bytes: Uint8Array): Wanted | number => {
  const a = mountAttr.decode(bytes, x64);
  const propagation = Number(a.propagation);
  if (a.propagation & ~BigInt(PROPAGATION) || (propagation & (propagation - 1)) !== 0) return -E.EINVAL;
  const valid = BigInt(FSMOUNT_ATTRS | A.MOUNT_ATTR_IDMAP);
  if ((a.attr_set | a.attr_clr) & ~valid) return -E.EINVAL;
  const [set, clear] = [Number(a.attr_set), Number(a.attr_clr)];
  let change: MountChange = { set: flagsOf(set), clear: flagsOf(clear) };
  if (clear & MOUNT_ATTR_ATIME) {
    const atime = atimeOf(set);
    if ((clear & MOUNT_ATTR_ATIME) !== MOUNT_ATTR_ATIME || atime < 0) return -E.EINVAL;
    const kept = MS_NODIRATIME & ~change.clear;
    change = { set: change.set | atime, clear: change.clear | (ATIME_FLAGS & ~kept) };
  } else if (set & MOUNT_ATTR_ATIME) return -E.EINVAL;
  if (clear & A.MOUNT_ATTR_IDMAP) return -E.EINVAL;
  if (set & A.MOUNT_ATTR_IDMAP) {
    if (a.userns_fd > 0x7fff_ffffn) return -E.EINVAL;
    return t.files.get(Number(a.userns_fd)) ? -E.EINVAL : -E.EBADF;
  }
  return { ...change, propagation };
};

const AT_FLAGS = { AT_EMPTY_PATH, AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW, AT_RECURSIVE };
const KNOWN = Object.values(AT_FLAGS).reduce((all, bit) => all | bit, 0);
const SIZE = mountAttr.size(x64);

const setAttributes = (t: Task, a: { dirfd: number; path: VAddr; flags: number; attr: VAddr; size: number }): number => {
  if (a.flags & ~KNOWN) return -E.EINVAL;
  if (a.size > 4096) return -E.E2BIG;
  if (a.size < SIZE) return -E.EINVAL;
  if (!mayMount(t)) return -E.EPERM;
  const bytes = readSized(t, a.attr, a.size, SIZE, SIZE);
  if (typeof bytes === "number") return bytes;
  if (bytes.subarray(0, 24).every((b) => b === 0)) return 0;
  const change = wanted(t, bytes);
  if (typeof change === "number") return change;
  const at = lookup(t, a.dirfd, a.path, !(a.flags & AT_SYMLINK_NOFOLLOW), (a.flags & AT_EMPTY_PATH) !== 0);
  if (typeof at === "number") return at;
  if (!isRoot(at) || !(isOurs(t, at.mount) || isDetachedRoot(at.mount))) return -E.EINVAL;
  const mounts = mountsOf(at.mount, (a.flags & AT_RECURSIVE) !== 0);
  const bad = changeFlags(t, mounts, change);
  if (bad < 0) return bad;
  if (change.propagation) for (const mount of mounts) setPropagation(t, mount, change.propagation);
  return 0;
};

const attributeText = (v: bigint): string => flagText(Number(BigInt.asUintN(32, v)), MOUNT_ATTR, "0", "MOUNT_ATTR_???");
const propagationNames = { MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED };
const attrArg = inStruct("struct mount_attr *", (ctx, at) => {
  const bytes = ctx.task.mem.read(at, SIZE);
  if (!bytes) return undefined;
  const v = mountAttr.decode(bytes, x64);
  const propagation = flagText(Number(BigInt.asUintN(32, v.propagation)), propagationNames, "0", "MS_???");
  const user = `, userns_fd=${v.userns_fd}`;
  return `{attr_set=${attributeText(v.attr_set)}, attr_clr=${attributeText(v.attr_clr)}, propagation=${propagation}${user}}`;
});

/** The call mount_setattr(2). */
export const mountAttributeCalls: readonly Syscall[] = [
  syscall(
    "mount_setattr",
    { dirfd, path: cstring, flags: flags("unsigned int", AT_FLAGS, "AT_???"), attr: attrArg, size },
    (t, a) => setAttributes(t, a),
    { note: "no id-mapped mounts" },
  ),
];
