// name_to_handle_at and open_by_handle_at. man 2 open_by_handle_at; Linux fs/fhandle.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_CLOEXEC } from "../../../abi/uapi/fcntl.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { decodeHandle, encodeHandle, keepHandle, MAX_HANDLE_BYTES } from "../../fs/files/handle.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import { FileDescription } from "../../fs/vfs/file.ts";
import { fdLimit, install } from "../../fs/vfs/install.ts";
import { checkHow, howOf, openFound } from "../../fs/vfs/open.ts";
import { fd, ptr } from "../../syscall/arg.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW, dirfd, openFlags } from "../../syscall/arg-file.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { cstring, inStruct, quoteHex } from "../../syscall/arg-string.ts";
import { type ArgType, type ShowContext, type Syscall, syscall } from "../../syscall/declaration.ts";
import { lookup } from "./path.ts";

/** The handle need not lead back to the file. It has the number of AT_REMOVEDIR. */
const AT_HANDLE_FID = 0x200;
/** The mount's number has 64 bits and is not used again. */
const AT_HANDLE_MNT_ID_UNIQUE = 1;
/** The handle leads to the parent too. No file system here has such handles. Linux 6.13. */
const AT_HANDLE_CONNECTABLE = 2;
/** Bits of a handle's type that are reserved. Linux FILEID_USER_FLAGS_MASK. */
const USER_FLAGS = 0xffff_0000 | 0;
/** The first members of struct file_handle: handle_bytes and handle_type. */
const HEAD = 8;

interface Name {
  readonly dirfd: number;
  readonly pathname: VAddr;
  readonly handle: VAddr;
  readonly mount_id: VAddr;
  readonly flags: number;
}
const nameToHandle = (t: Task, a: Name): number => {
  const how = a.flags;
  if (how & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | AT_HANDLE_FID | AT_HANDLE_CONNECTABLE | AT_HANDLE_MNT_ID_UNIQUE)) return -E.EINVAL;
  const connects = (how & AT_HANDLE_CONNECTABLE) !== 0;
  if (connects && (how & AT_HANDLE_FID) !== 0) return -E.EINVAL;
  const path = lookup(t, a.dirfd, a.pathname, (how & AT_SYMLINK_FOLLOW) !== 0, (how & AT_EMPTY_PATH) !== 0);
  if (typeof path === "number") return path;
  if (connects) return -E.EOPNOTSUPP;
  const handle = encodeHandle(path.dentry.inode, (how & AT_HANDLE_FID) !== 0);
  if (typeof handle === "number") return handle;
  const room = t.mem.u32(a.handle);
  if (room < 0) return -E.EFAULT;
  if (room > MAX_HANDLE_BYTES) return -E.EINVAL;
  const fits = handle.bytes.length <= room;
  const kept = fits ? keepHandle(path.dentry) : 0;
  if (kept < 0) return kept;
  const { id } = path.mount;
  const told = (how & AT_HANDLE_MNT_ID_UNIQUE) !== 0 ? t.mem.setU64(a.mount_id, id, 0) : t.mem.setU32(a.mount_id, id);
  if (!told || !t.mem.setU32(a.handle, handle.bytes.length) || !t.mem.setU32(a.handle + 4, handle.type)) return -E.EFAULT;
  if (!fits) return -E.EOVERFLOW;
  return t.mem.write(a.handle + HEAD, handle.bytes) ? 0 : -E.EFAULT;
};

/** The mount in which a handle is looked up. */
const mountOf = (t: Task, n: number): Path | undefined => (n === AT_FDCWD ? t.fs.cwd : t.files.getRaw(n)?.path);
const openByHandle = (t: Task, n: number, at: VAddr, how: number, abi: Abi): Result => {
  const base = mountOf(t, n);
  if (!base) return -E.EBADF;
  if (!capable(t.cred, CAP.DAC_READ_SEARCH)) return -E.EPERM;
  const head = t.mem.read(at, HEAD);
  if (!head) return -E.EFAULT;
  const view = new DataView(head.buffer, head.byteOffset);
  const length = view.getUint32(0, true);
  if (length > MAX_HANDLE_BYTES || length === 0) return -E.EINVAL;
  const bytes = t.mem.read(at + HEAD, length);
  if (!bytes) return -E.EFAULT;
  if ((view.getInt32(4, true) & USER_FLAGS) !== 0) return -E.EINVAL;
  const dentry = decodeHandle(base.mount.fs, bytes);
  if (typeof dentry === "number") return dentry;
  if (t.files.lowest(0) >= fdLimit(t)) return -E.EMFILE;
  const open = howOf(how, 0, abi);
  const bad = checkHow(open);
  if (bad < 0) return bad;
  const file = openFound(t, { mount: base.mount, dentry }, open.flags);
  return file instanceof FileDescription ? install(t, file, (open.flags & O_CLOEXEC) !== 0) : file;
};

const lengthAt = (ctx: ShowContext, at: number): number => ctx.task.mem.u32(at);
const rest = (ctx: ShowContext, at: number): string => {
  const bytes = ctx.task.mem.read(at + HEAD, Math.min(lengthAt(ctx, at), MAX_HANDLE_BYTES));
  return `handle_type=${ctx.task.mem.u32(at + 4) | 0}, f_handle=${bytes ? quoteHex(bytes) : "???"}`;
};
const made: ArgType<VAddr> = {
  ...ptr,
  c: "struct file_handle *",
  out: true,
  before: (v, ctx) => String(lengthAt(ctx, v)),
  show: (v, ctx) => {
    const now = lengthAt(ctx, v);
    if (now < 0) return ptr.show(v, ctx);
    const { before, ret } = ctx;
    const changed = before !== undefined && before !== String(now) && (ret === 0 || ret === -E.EOVERFLOW) ? ` => ${now}` : "";
    return `{handle_bytes=${before ?? now}${changed}${ret === 0 ? `, ${rest(ctx, v)}` : ""}}`;
  },
};
const mountId: ArgType<VAddr> = {
  ...ptr,
  c: "int *",
  out: true,
  show: (v, ctx) => {
    const id = ctx.ret < 0 || v === 0 ? -1 : ctx.task.mem.u32(v);
    return id < 0 ? ptr.show(v, ctx) : `[${id}]`;
  },
};
const given = inStruct("struct file_handle *", (ctx, at) => {
  const length = lengthAt(ctx, at);
  return length < 0 ? undefined : `{handle_bytes=${length}, ${rest(ctx, at)}}`;
});
const handleFlags = flags(
  "int",
  { AT_HANDLE_MNT_ID_UNIQUE, AT_HANDLE_CONNECTABLE, AT_HANDLE_FID, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH },
  "AT_???",
);

/** Calls on file handles. man 2 open_by_handle_at. */
export const handleCalls: readonly Syscall[] = [
  syscall("name_to_handle_at", { dirfd, pathname: cstring, handle: made, mount_id: mountId, flags: handleFlags }, (t, a) =>
    nameToHandle(t, a),
  ),
  syscall(
    "open_by_handle_at",
    { mount_fd: fd, handle: given, flags: openFlags },
    (t, a, abi) => openByHandle(t, a.mount_fd, a.handle, a.flags, abi),
    { note: "a handle leads to a file if it was made since the start; no CAP_SYS_ADMIN of a user namespace" },
  ),
];
