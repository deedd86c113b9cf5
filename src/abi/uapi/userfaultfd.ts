// Structures and numbers of userfaultfd. Linux uapi linux/userfaultfd.h.
import { s64, struct, u8, u16, u32, u64 } from "../struct.ts";

/** The version of the interface, in UFFDIO_API. */
export const UFFD_API = 0xaa;
/** USERFAULTFD_IOC_NEW of /dev/userfaultfd. */
export const USERFAULTFD_IOC_NEW = 0xaa00;
/** Only faults of user code: userfaultfd(2). */
export const UFFD_USER_MODE_ONLY = 1;

/** The requests of an instance. */
export const UFFDIO = {
  API: 0xc018_aa3f,
  REGISTER: 0xc020_aa00,
  UNREGISTER: 0x8010_aa01,
  WAKE: 0x8010_aa02,
  COPY: 0xc028_aa03,
  ZEROPAGE: 0xc020_aa04,
  MOVE: 0xc028_aa05,
  WRITEPROTECT: 0xc018_aa06,
  CONTINUE: 0xc020_aa07,
  POISON: 0xc020_aa08,
} as const;
/** Features, as bits. */
export const FEATURE = {
  PAGEFAULT_FLAG_WP: 1 << 0,
  MISSING_SHMEM: 1 << 5,
  SIGBUS: 1 << 7,
  THREAD_ID: 1 << 8,
  MINOR_SHMEM: 1 << 10,
  EXACT_ADDRESS: 1 << 11,
  WP_HUGETLBFS_SHMEM: 1 << 12,
  POISON: 1 << 14,
  MOVE: 1 << 16,
} as const;
/** UFFDIO_REGISTER_MODE_*. */
export const REGISTER_MODE = { MISSING: 1, WP: 2, MINOR: 4 } as const;
/** The requests that a range accepts, as bits of their numbers. */
export const RANGE_IOCTLS = { BASE: 0x13c, WRITEPROTECT: 1 << 6, CONTINUE: 1 << 7 } as const;
/** Requests of an instance that has its API: REGISTER, UNREGISTER and API. */
export const API_IOCTLS = 0x8000_0000_0000_0003n;
/** Do not wake the waiting threads; protect new pages; UFFDIO_MOVE skips holes. */
export const MODE = { DONTWAKE: 1, COPY_WP: 2, MOVE_HOLES: 2, WP: 1, WP_DONTWAKE: 2, CONTINUE_WP: 2 } as const;

/** The argument of UFFDIO_API. */
export const uffdioApi = struct("uffdio_api", { api: u64, features: u64, ioctls: u64 });
/** The argument of UFFDIO_REGISTER. */
export const uffdioRegister = struct("uffdio_register", { start: u64, len: u64, mode: u64, ioctls: u64 });
/** The argument of UFFDIO_UNREGISTER and UFFDIO_WAKE. */
export const uffdioRange = struct("uffdio_range", { start: u64, len: u64 });
/** UFFDIO_COPY and UFFDIO_MOVE. */
export const uffdioCopy = struct("uffdio_copy", { dst: u64, src: u64, len: u64, mode: u64, done: s64 });
/** UFFDIO_ZEROPAGE, UFFDIO_CONTINUE and UFFDIO_POISON. */
export const uffdioFill = struct("uffdio_zeropage", { start: u64, len: u64, mode: u64, done: s64 });
/** The argument of UFFDIO_WRITEPROTECT. */
export const uffdioWriteprotect = struct("uffdio_writeprotect", { start: u64, len: u64, mode: u64 });

/** The kind of event for a page fault. */
export const UFFD_EVENT_PAGEFAULT = 0x12;
/** A page fault: struct uffd_msg with its arg.pagefault. */
export const uffdMessage = struct("uffd_msg", { event: u8, r1: u8, r2: u16, r3: u32, flags: u64, address: u64, ptid: u32, r4: u32 });
/** UFFD_PAGEFAULT_FLAG_*. */
export const FAULT_FLAG = { WRITE: 1, WP: 2, MINOR: 4 } as const;
