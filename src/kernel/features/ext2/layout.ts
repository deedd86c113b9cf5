// The structures of ext2 on the device, little endian. Linux fs/ext2/ext2.h,
// Documentation/filesystems/ext2.rst.
import { x64 } from "../../../abi/abi.ts";
import { bytes, type Fields, type Struct, struct, u8, u16, u32 } from "../../../abi/struct.ts";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK } from "../../fs/vfs/mode.ts";

/** The place of the superblock in bytes, and the magic number in it. */
export const SUPER_AT = 1024;
/** s_magic. */
export const MAGIC = 0xef53;

/** struct ext2_super_block. */
export const superblock = struct("ext2_super_block", {
  inodes_count: u32,
  blocks_count: u32,
  r_blocks_count: u32,
  free_blocks_count: u32,
  free_inodes_count: u32,
  first_data_block: u32,
  log_block_size: u32,
  log_frag_size: u32,
  blocks_per_group: u32,
  frags_per_group: u32,
  inodes_per_group: u32,
  mtime: u32,
  wtime: u32,
  mnt_count: u16,
  max_mnt_count: u16,
  magic: u16,
  state: u16,
  errors: u16,
  minor_rev_level: u16,
  lastcheck: u32,
  checkinterval: u32,
  creator_os: u32,
  rev_level: u32,
  def_resuid: u16,
  def_resgid: u16,
  first_ino: u32,
  inode_size: u16,
  block_group_nr: u16,
  feature_compat: u32,
  feature_incompat: u32,
  feature_ro_compat: u32,
  uuid: bytes(16),
  volume_name: bytes(16),
  last_mounted: bytes(64),
});
/** s_state: unmounted cleanly. */
export const VALID_FS = 1;
/** Features by their kind. A file system with others of these kinds is not mounted. */
export const FEATURE = {
  compat: { EXT_ATTR: 8 },
  incompat: { FILETYPE: 2 },
  roCompat: { SPARSE_SUPER: 1, LARGE_FILE: 2 },
} as const;

/** struct ext2_group_desc. */
export const groupDesc = struct("ext2_group_desc", {
  block_bitmap: u32,
  inode_bitmap: u32,
  inode_table: u32,
  free_blocks_count: u16,
  free_inodes_count: u16,
  used_dirs_count: u16,
  pad: u16,
  reserved: bytes(12),
});

/** The pointers of an inode: 12 to blocks, then one each of indirect, doubly and triply indirect blocks. */
export const POINTERS = 15;
/** The number of pointers to blocks of data. */
export const DIRECT = 12;
/** struct ext2_inode, its first 128 bytes. */
export const inodeRecord = struct("ext2_inode", {
  mode: u16,
  uid: u16,
  size: u32,
  atime: u32,
  ctime: u32,
  mtime: u32,
  dtime: u32,
  gid: u16,
  links_count: u16,
  blocks: u32,
  flags: u32,
  osd1: u32,
  block: bytes(4 * POINTERS),
  generation: u32,
  file_acl: u32,
  /** The upper half of the size of a regular file. */
  size_high: u32,
  faddr: u32,
  frag: u8,
  fsize: u8,
  pad1: u16,
  uid_high: u16,
  gid_high: u16,
  reserved: u32,
});
/** The inode of the root directory. */
export const ROOT_INO = 2;
/** The first inode of a file in revision 0. */
export const OLD_FIRST_INO = 11;
/**
 * i_flags that users change. Most of them have no effect on Linux either. Linux FS_FL_USER_MODIFIABLE,
 * without those of the file system itself.
 */
export const USER_FLAGS = 0x3_c4ff;
/** i_flags: the directory has an index, which a change makes stale. */
export const INDEX_FL = 0x1000;
/** The most names of a file, or directories in a directory and two. */
export const LINK_MAX = 32000;

/** The head of struct ext2_dir_entry_2, without the name. */
export const DIRENT_HEAD = 8;
/** The length of a directory entry with a name of `n` bytes. */
export const direntLength = (n: number): number => (DIRENT_HEAD + n + 3) & ~3;
const fileTypes = [0, S_IFREG, S_IFDIR, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK, S_IFLNK];
/** The file_type of a directory entry, by the type bits of st_mode. */
export const fileTypeOf = (type: number): number => Math.max(0, fileTypes.indexOf(type));
/** The type bits of st_mode, by file_type. 0: unknown. */
export const typeOfFileType = (fileType: number): number => fileTypes[fileType] ?? 0;

/** A structure in bytes of the device. */
export class Raw<F extends Fields> {
  readonly bytes: Uint8Array;
  private readonly _struct: Struct<F>;
  private readonly _view: DataView;
  constructor(of: Struct<F>, from: Uint8Array) {
    this.bytes = from;
    this._struct = of;
    this._view = new DataView(from.buffer, from.byteOffset, from.byteLength);
  }
  get<K extends keyof F & string>(member: K): F[K] extends { get(...args: never[]): infer T } ? T : never {
    return (this._struct.fields[member] as F[K]).get(this._view, this._struct.offset(x64, member), x64);
  }
  set<K extends keyof F & string>(member: K, value: number | Uint8Array): void {
    (this._struct.fields[member] as F[K]).put(this._view, this._struct.offset(x64, member), value, x64);
  }
}
