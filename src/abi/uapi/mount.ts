// The mount API of Linux 5.2 and statmount(2): flags and structures. Linux uapi linux/mount.h, linux/fcntl.h.
import { bytes, struct, u32, u64 } from "../struct.ts";

/** Flags of open_tree(2). */
export const OPEN_TREE = { OPEN_TREE_CLONE: 1, OPEN_TREE_CLOEXEC: 0o2000000 } as const;
/** A flag of open_tree(2) and mount_setattr(2): the whole tree of mounts. */
export const AT_RECURSIVE = 0x8000;
/** Flags of move_mount(2), about the source (F), the target (T) and the move. */
// biome-ignore format: table
export const MOVE_MOUNT = {
  MOVE_MOUNT_F_SYMLINKS: 1, MOVE_MOUNT_F_AUTOMOUNTS: 2, MOVE_MOUNT_F_EMPTY_PATH: 4, MOVE_MOUNT_T_SYMLINKS: 0x10, MOVE_MOUNT_T_AUTOMOUNTS: 0x20,
  MOVE_MOUNT_T_EMPTY_PATH: 0x40, MOVE_MOUNT_SET_GROUP: 0x100, MOVE_MOUNT_BENEATH: 0x200,
} as const;
/** Flags of fsopen(2). */
export const FSOPEN = { FSOPEN_CLOEXEC: 1 } as const;
/** Flags of fsmount(2). */
export const FSMOUNT = { FSMOUNT_CLOEXEC: 1 } as const;
/** Flags of fspick(2). */
export const FSPICK = { FSPICK_CLOEXEC: 1, FSPICK_SYMLINK_NOFOLLOW: 2, FSPICK_NO_AUTOMOUNT: 4, FSPICK_EMPTY_PATH: 8 } as const;
/** Commands of fsconfig(2). */
// biome-ignore format: table
export const FSCONFIG = {
  FSCONFIG_SET_FLAG: 0, FSCONFIG_SET_STRING: 1, FSCONFIG_SET_BINARY: 2, FSCONFIG_SET_PATH: 3, FSCONFIG_SET_PATH_EMPTY: 4, FSCONFIG_SET_FD: 5,
  FSCONFIG_CMD_CREATE: 6, FSCONFIG_CMD_RECONFIGURE: 7, FSCONFIG_CMD_CREATE_EXCL: 8,
} as const;
/** Attributes of a mount. Access times are one value in three bits. */
// biome-ignore format: table
export const MOUNT_ATTR = {
  MOUNT_ATTR_RDONLY: 1, MOUNT_ATTR_NOSUID: 2, MOUNT_ATTR_NODEV: 4, MOUNT_ATTR_NOEXEC: 8, MOUNT_ATTR_NOATIME: 0x10, MOUNT_ATTR_STRICTATIME: 0x20,
  MOUNT_ATTR_NODIRATIME: 0x80, MOUNT_ATTR_IDMAP: 0x100000, MOUNT_ATTR_NOSYMFOLLOW: 0x200000,
} as const;
/** MOUNT_ATTR__ATIME: the three bits of the access-time value. */
export const MOUNT_ATTR_ATIME = 0x70;

/** struct mount_attr of mount_setattr(2). */
export const mountAttr = struct("mount_attr", { attr_set: u64, attr_clr: u64, propagation: u64, userns_fd: u64 });
/** struct mnt_id_req of statmount(2) and listmount(2). The last member came later. */
export const mntIdReq = struct("mnt_id_req", { size: u32, spare: u32, mnt_id: u64, param: u64, mnt_ns_id: u64 });
/** The first size of struct mnt_id_req in bytes, without `mnt_ns_id`. */
export const MNT_ID_REQ_SIZE_VER0 = 24;

/** Parts of struct statmount. */
// biome-ignore format: table
export const STATMOUNT = {
  SB_BASIC: 1, MNT_BASIC: 2, PROPAGATE_FROM: 4, MNT_ROOT: 8, MNT_POINT: 0x10, FS_TYPE: 0x20, MNT_NS_ID: 0x40, MNT_OPTS: 0x80, FS_SUBTYPE: 0x100,
  SB_SOURCE: 0x200, OPT_ARRAY: 0x400, OPT_SEC_ARRAY: 0x800, SUPPORTED_MASK: 0x1000, MNT_UIDMAP: 0x2000, MNT_GIDMAP: 0x4000,
} as const;
/** Members with the offset of a text: `mnt_opts`, `fs_type`, and those from `mnt_root` on. */
// biome-ignore format: table
export const statmountStruct = struct("statmount", {
  size: u32, mnt_opts: u32, mask: u64, sb_dev_major: u32, sb_dev_minor: u32, sb_magic: u64, sb_flags: u32, fs_type: u32, mnt_id: u64,
  mnt_parent_id: u64, mnt_id_old: u32, mnt_parent_id_old: u32, mnt_attr: u64, mnt_propagation: u64, mnt_peer_group: u64, mnt_master: u64,
  propagate_from: u64, mnt_root: u32, mnt_point: u32, mnt_ns_id: u64, fs_subtype: u32, sb_source: u32, opt_num: u32, opt_array: u32,
  opt_sec_num: u32, opt_sec_array: u32, supported_mask: u64, mnt_uidmap_num: u32, mnt_uidmap: u32, mnt_gidmap_num: u32, mnt_gidmap: u32,
  spare2: bytes(344),
});
/** mnt_id of listmount(2): the caller's root. */
export const LSMT_ROOT = 0xffff_ffff_ffff_ffffn;
/** Flags of listmount(2). */
export const LISTMOUNT = { LISTMOUNT_REVERSE: 1 } as const;
