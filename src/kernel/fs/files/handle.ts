// File handles: names of inodes that survive renames. man 2 open_by_handle_at; Linux fs/exportfs/expfs.c,
// mm/shmem.c shmem_encode_fh().
import { E } from "../../../abi/errno.ts";
import { sizes } from "../../base/sizes.ts";
import type { Dentry } from "../vfs/dentry.ts";
import type { FileSystem, Inode, Or } from "../vfs/inode.ts";

/** The type of a handle: a generation and the number of the inode in two halves. */
const TYPE = 1;
/** The handle of a file system that cannot find the inode again. Linux FILEID_INO64_GEN. */
const TYPE_FID = 0x81;
/** The bytes of each handle. */
export const HANDLE_BYTES = 12;
/** MAX_HANDLE_SZ. */
export const MAX_HANDLE_BYTES = 128;

/** A handle: a type, and bytes that are compared only. */
export interface FileHandle {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** The handle of a file, or -errno. `fid`: it need not lead back to the file. Linux exportfs_encode_fh(). */
export const encodeHandle = (inode: Inode, fid: boolean): Or<FileHandle> => {
  if (!inode.fs.exportable && !fid) return -E.EOPNOTSUPP;
  const bytes = new Uint8Array(HANDLE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, inode.ino % 2 ** 32, true);
  view.setUint32(8, Math.floor(inode.ino / 2 ** 32), true);
  return { type: inode.fs.exportable ? TYPE : TYPE_FID, bytes };
};
/** Makes a file findable by its handle: 0 or -ENOMEM. It stays so until the inode ends. */
export const keepHandle = (dentry: Dentry): number => {
  const { fs, ino } = dentry.inode;
  if (!fs.exportable || fs.handles.has(ino)) return 0;
  if (!fs.account.take(sizes.handle)) return -E.ENOMEM;
  fs.handles.set(ino, dentry);
  return 0;
};
/** The file of a handle, or -ESTALE. The type is ignored, as tmpfs does. Linux exportfs_decode_fh(). */
export const decodeHandle = (fs: FileSystem, bytes: Uint8Array): Or<Dentry> => {
  if (!fs.exportable || bytes.length < HANDLE_BYTES) return -E.ESTALE;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(0, true) !== 0) return -E.ESTALE;
  const dentry = fs.handles.get(view.getUint32(4, true) + view.getUint32(8, true) * 2 ** 32);
  const isGone = dentry?.deleted && dentry.inode.opens === 0 && (dentry.inode.isDir || dentry.inode.nlink === 0);
  return dentry && !isGone ? dentry : -E.ESTALE;
};
