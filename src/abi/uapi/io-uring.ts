// Numbers and structures of io_uring. Linux uapi linux/io_uring.h.
import { s32, struct, u8, u16, u32, u64 } from "../struct.ts";

/** IORING_OP_*. */
// biome-ignore format: table
export const OP = {
  NOP: 0, READV: 1, WRITEV: 2, FSYNC: 3, READ_FIXED: 4, WRITE_FIXED: 5, POLL_ADD: 6, POLL_REMOVE: 7, SYNC_FILE_RANGE: 8, SENDMSG: 9,
  RECVMSG: 10, TIMEOUT: 11, TIMEOUT_REMOVE: 12, ACCEPT: 13, ASYNC_CANCEL: 14, LINK_TIMEOUT: 15, CONNECT: 16, FALLOCATE: 17, OPENAT: 18,
  CLOSE: 19, FILES_UPDATE: 20, STATX: 21, READ: 22, WRITE: 23, FADVISE: 24, MADVISE: 25, SEND: 26, RECV: 27, OPENAT2: 28, EPOLL_CTL: 29,
  SPLICE: 30, PROVIDE_BUFFERS: 31, REMOVE_BUFFERS: 32, TEE: 33, SHUTDOWN: 34, RENAMEAT: 35, UNLINKAT: 36, MKDIRAT: 37, SYMLINKAT: 38,
  LINKAT: 39, MSG_RING: 40, FSETXATTR: 41, SETXATTR: 42, FGETXATTR: 43, GETXATTR: 44, SOCKET: 45, URING_CMD: 46, SEND_ZC: 47,
  SENDMSG_ZC: 48, READ_MULTISHOT: 49, WAITID: 50, FUTEX_WAIT: 51, FUTEX_WAKE: 52, FUTEX_WAITV: 53, FIXED_FD_INSTALL: 54, FTRUNCATE: 55,
  BIND: 56, LISTEN: 57,
} as const;
/** One more than the last operation. */
export const OP_LAST = 58;

/** IOSQE_*: flags of a submission. */
// biome-ignore format: table
export const SQE_FLAG = { FIXED_FILE: 1, IO_DRAIN: 2, IO_LINK: 4, IO_HARDLINK: 8, ASYNC: 16, BUFFER_SELECT: 32, CQE_SKIP_SUCCESS: 64 } as const;

/** IORING_SETUP_*. */
// biome-ignore format: table
export const SETUP = {
  IOPOLL: 0x1, SQPOLL: 0x2, SQ_AFF: 0x4, CQSIZE: 0x8, CLAMP: 0x10, ATTACH_WQ: 0x20, R_DISABLED: 0x40, SUBMIT_ALL: 0x80, COOP_TASKRUN: 0x100,
  TASKRUN_FLAG: 0x200, SQE128: 0x400, CQE32: 0x800, SINGLE_ISSUER: 0x1000, DEFER_TASKRUN: 0x2000, NO_MMAP: 0x4000,
  REGISTERED_FD_ONLY: 0x8000, NO_SQARRAY: 0x1_0000,
} as const;

/** IORING_FEAT_*: the features of this kernel, which are all of 6.12. */
export const FEATURES = 0xffff;

/** IORING_ENTER_*. */
export const ENTER = { GETEVENTS: 1, SQ_WAKEUP: 2, SQ_WAIT: 4, EXT_ARG: 8, REGISTERED_RING: 16, ABS_TIMER: 32 } as const;

/** IORING_CQE_F_*, IORING_SQ_*, IORING_CQ_*: bits in completions and in the flag words of the rings. */
export const CQE_F = { BUFFER: 1, MORE: 2, SOCK_NONEMPTY: 4, NOTIF: 8, BUF_MORE: 16 } as const;
/** IORING_SQ_*: bits of the flag word of the submission ring. */
export const SQ_RING = { NEED_WAKEUP: 1, CQ_OVERFLOW: 2, TASKRUN: 4 } as const;
/** IORING_CQ_EVENTFD_DISABLED: a bit of the flag word of the completion ring. */
export const CQ_EVENTFD_DISABLED = 1;

/** IORING_OFF_*: offsets for mmap(2). */
export const OFFSET = { SQ_RING: 0, CQ_RING: 0x800_0000, SQES: 0x1000_0000, BUFFERS: 0x8000_0000, MASK: 0xf800_0000 } as const;

/** IORING_REGISTER_*. */
// biome-ignore format: table
export const REGISTER = {
  BUFFERS: 0, UNREGISTER_BUFFERS: 1, FILES: 2, UNREGISTER_FILES: 3, EVENTFD: 4, UNREGISTER_EVENTFD: 5, FILES_UPDATE: 6, EVENTFD_ASYNC: 7,
  PROBE: 8, PERSONALITY: 9, UNREGISTER_PERSONALITY: 10, RESTRICTIONS: 11, ENABLE_RINGS: 12, FILES2: 13, FILES_UPDATE2: 14, BUFFERS2: 15,
  BUFFERS_UPDATE: 16, IOWQ_AFF: 17, UNREGISTER_IOWQ_AFF: 18, IOWQ_MAX_WORKERS: 19, RING_FDS: 20, UNREGISTER_RING_FDS: 21, PBUF_RING: 22,
  UNREGISTER_PBUF_RING: 23, SYNC_CANCEL: 24, FILE_ALLOC_RANGE: 25, PBUF_STATUS: 26, CLOCK: 29, CLONE_BUFFERS: 30,
} as const;
/** Bit of the operation: the descriptor is a registered one. */
export const REGISTER_USE_REGISTERED_RING = 0x8000_0000;

/**
 * IORING_TIMEOUT_*, IORING_POLL_*, IORING_ASYNC_CANCEL_*, IORING_ACCEPT_*, IORING_RECV_*: flags of single
 * operations.
 */
// biome-ignore format: table
export const TIMEOUT = { ABS: 1, UPDATE: 2, BOOTTIME: 4, REALTIME: 8, LINK_UPDATE: 16, ETIME_SUCCESS: 32, MULTISHOT: 64 } as const;
/** IORING_POLL_*. */
export const POLL = { MULTI: 1, UPDATE_EVENTS: 2, UPDATE_USER_DATA: 4, LEVEL: 8 } as const;
/** IORING_ASYNC_CANCEL_*. */
export const CANCEL = { ALL: 1, FD: 2, ANY: 4, FD_FIXED: 8, USERDATA: 16, OP: 32 } as const;
/** IORING_ACCEPT_*. */
export const ACCEPT = { MULTISHOT: 1, DONTWAIT: 2, POLL_FIRST: 4 } as const;
/** IORING_RECV_* and IORING_SEND_*. */
export const RECVSEND = { POLL_FIRST: 1, MULTISHOT: 2, FIXED_BUF: 4, ZC_REPORT_USAGE: 8, BUNDLE: 16 } as const;
/** IOU_PBUF_RING_*: flags of a ring of buffers. The number of its group stands in an offset for mmap(2). */
export const BUFFER_RING = { MMAP: 1, INC: 2 } as const;
/** IORING_REGISTER_SRC_REGISTERED. */
export const CLONE_BUFFERS = { SRC_REGISTERED: 1 } as const;
/** IORING_OFF_PBUF_SHIFT. */
export const BUFFER_RING_SHIFT = 16;
/** SOCKET_URING_OP_*: commands for sockets. */
export const SOCKET_COMMAND = { SIOCINQ: 0, SIOCOUTQ: 1, GETSOCKOPT: 2, SETSOCKOPT: 3 } as const;
/** The slot of a direct descriptor that the kernel chooses. */
export const FILE_INDEX_ALLOC = 0xffff_ffff;

/** struct io_uring_sqe: the names of the first member of each union. */
export const sqe = struct("io_uring_sqe", {
  opcode: u8,
  flags: u8,
  ioprio: u16,
  fd: s32,
  off: u64,
  addr: u64,
  len: u32,
  rw_flags: u32,
  user_data: u64,
  buf_index: u16,
  personality: u16,
  file_index: u32,
  addr3: u64,
  pad2: u64,
});
/** Size of struct io_uring_sqe in bytes, without IORING_SETUP_SQE128. */
export const SQE_SIZE = 64;
/** Size of struct io_uring_cqe in bytes, without IORING_SETUP_CQE32. */
export const CQE_SIZE = 16;

const ringOffsets = {
  head: u32,
  tail: u32,
  ring_mask: u32,
  ring_entries: u32,
};
/** struct io_uring_params, with the members of sq_off and cq_off after each other. */
export const params = struct("io_uring_params", {
  sq_entries: u32,
  cq_entries: u32,
  flags: u32,
  sq_thread_cpu: u32,
  sq_thread_idle: u32,
  features: u32,
  wq_fd: u32,
  resv0: u32,
  resv1: u32,
  resv2: u32,
  sq_head: ringOffsets.head,
  sq_tail: ringOffsets.tail,
  sq_ring_mask: ringOffsets.ring_mask,
  sq_ring_entries: ringOffsets.ring_entries,
  sq_flags: u32,
  sq_dropped: u32,
  sq_array: u32,
  sq_resv1: u32,
  sq_user_addr: u64,
  cq_head: ringOffsets.head,
  cq_tail: ringOffsets.tail,
  cq_ring_mask: ringOffsets.ring_mask,
  cq_ring_entries: ringOffsets.ring_entries,
  cq_overflow: u32,
  cq_cqes: u32,
  cq_flags: u32,
  cq_resv1: u32,
  cq_user_addr: u64,
});
