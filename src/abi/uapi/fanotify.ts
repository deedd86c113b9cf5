// Bits and structures of fanotify. Linux uapi linux/fanotify.h.
import { s32, struct, u8, u16, u32, u64 } from "../struct.ts";

/** Events, and flags of masks. Those below OPEN_EXEC are inotify's. FAN_*. */
// biome-ignore format: table
export const FAN = {
  ACCESS: 0x1, MODIFY: 0x2, ATTRIB: 0x4, CLOSE_WRITE: 0x8, CLOSE_NOWRITE: 0x10, OPEN: 0x20, MOVED_FROM: 0x40, MOVED_TO: 0x80, CREATE: 0x100,
  DELETE: 0x200, DELETE_SELF: 0x400, MOVE_SELF: 0x800, OPEN_EXEC: 0x1000, Q_OVERFLOW: 0x4000, FS_ERROR: 0x8000, OPEN_PERM: 0x1_0000,
  ACCESS_PERM: 0x2_0000, OPEN_EXEC_PERM: 0x4_0000, EVENT_ON_CHILD: 0x800_0000, RENAME: 0x1000_0000, ONDIR: 0x4000_0000,
} as const;
const or = (...bits: readonly number[]): number => bits.reduce((all, bit) => all | bit, 0);
/** Events that wait for an answer. */
export const PERMISSIONS = FAN.OPEN_PERM | FAN.ACCESS_PERM | FAN.OPEN_EXEC_PERM;
/** Events of names in directories. */
export const NAMES = or(FAN.MOVED_FROM, FAN.MOVED_TO, FAN.CREATE, FAN.DELETE, FAN.RENAME);
const PATHS = or(FAN.ACCESS, FAN.MODIFY, FAN.CLOSE_WRITE, FAN.CLOSE_NOWRITE, FAN.OPEN, FAN.OPEN_EXEC);
/** Events that can have a descriptor. */
export const WITH_FD = PATHS | PERMISSIONS;
/** Events that a mark can have. */
export const EVENTS = or(PATHS, NAMES, FAN.ATTRIB, FAN.MOVE_SELF, FAN.DELETE_SELF, FAN.FS_ERROR);
/** Flags of a mark's mask. */
export const MASK_FLAGS = FAN.EVENT_ON_CHILD | FAN.ONDIR;

/** Flags of fanotify_init(2). FAN_*. */
// biome-ignore format: table
export const INIT = {
  CLOEXEC: 0x1, NONBLOCK: 0x2, CLASS_CONTENT: 0x4, CLASS_PRE_CONTENT: 0x8, UNLIMITED_QUEUE: 0x10, UNLIMITED_MARKS: 0x20, ENABLE_AUDIT: 0x40,
  REPORT_PIDFD: 0x80, REPORT_TID: 0x100, REPORT_FID: 0x200, REPORT_DIR_FID: 0x400, REPORT_NAME: 0x800, REPORT_TARGET_FID: 0x1000,
  REPORT_FD_ERROR: 0x2000,
} as const;
/** FAN_ALL_CLASS_BITS: the bits that choose a group's class. */
export const CLASSES = INIT.CLASS_CONTENT | INIT.CLASS_PRE_CONTENT;
/** FAN_REPORT_* flags that put file handles into events. */
export const FIDS = INIT.REPORT_FID | INIT.REPORT_DIR_FID | INIT.REPORT_NAME | INIT.REPORT_TARGET_FID;

/** Flags of fanotify_mark(2). FAN_MARK_*. */
// biome-ignore format: table
export const MARK = {
  ADD: 0x1, REMOVE: 0x2, DONT_FOLLOW: 0x4, ONLYDIR: 0x8, MOUNT: 0x10, IGNORED_MASK: 0x20, IGNORED_SURV_MODIFY: 0x40, FLUSH: 0x80,
  FILESYSTEM: 0x100, EVICTABLE: 0x200, IGNORE: 0x400,
} as const;

/** The head of an event. */
export const fanotifyEvent = struct("fanotify_event_metadata", {
  event_len: u32,
  vers: u8,
  reserved: u8,
  metadata_len: u16,
  mask: u64,
  fd: s32,
  pid: s32,
});
/** FANOTIFY_METADATA_VERSION, the value of `vers`. */
export const METADATA_VERSION = 3;
/** Kinds of records after the head. FAN_EVENT_INFO_TYPE_*. */
export const INFO_TYPE = { FID: 1, DFID_NAME: 2, DFID: 3, PIDFD: 4, OLD_DFID_NAME: 10, NEW_DFID_NAME: 12 } as const;
/** FAN_NOFD, FAN_NOPIDFD, FAN_EPIDFD. */
export const NO_FD = -1;
/** FAN_EPIDFD: the pidfd could not be made. */
export const PIDFD_ERROR = -2;
/** Answers to permission events. */
export const ANSWER = { ALLOW: 1, DENY: 2, AUDIT: 0x10, INFO: 0x20 } as const;
