// Structures and numbers of asynchronous I/O. Linux uapi linux/aio_abi.h, fs/aio.c struct aio_ring.
import { s16, s32, s64, struct, u16, u32, u64 } from "../struct.ts";

/** A request. All members have their natural alignment in both ABIs. */
export const iocb = struct("iocb", {
  data: u64,
  key: u32,
  rw_flags: s32,
  opcode: u16,
  reqprio: s16,
  fildes: u32,
  buf: u64,
  nbytes: u64,
  offset: s64,
  reserved2: u64,
  flags: u32,
  resfd: u32,
});
/** The offset of `key`, which the kernel sets to 0. */
export const IOCB_KEY = 8;
/** A completion: `data` and `obj` say which request it is of. */
export const ioEvent = struct("io_event", { data: u64, obj: u64, res: s64, res2: s64 });
/** Size of struct io_event in bytes, in all ABIs. */
export const IO_EVENT_SIZE = 32;

/** Operations: IOCB_CMD_*. PREADX and NOOP have numbers, but no code. */
export const IOCB_CMD = { PREAD: 0, PWRITE: 1, FSYNC: 2, FDSYNC: 3, PREADX: 4, POLL: 5, NOOP: 6, PREADV: 7, PWRITEV: 8 } as const;
/** IOCB_FLAG_*. */
export const IOCB_FLAG = { RESFD: 1, IOPRIO: 2 } as const;

/** The head of the ring, which is as long as an event. User code may read events and set `head`. */
export const aioRing = struct("aio_ring", {
  id: u32,
  nr: u32,
  head: u32,
  tail: u32,
  magic: u32,
  compat_features: u32,
  incompat_features: u32,
  header_length: u32,
});
/** The value of `magic`: the ring is readable by user code. Linux fs/aio.c. */
export const AIO_RING_MAGIC = 0xa10a_10a1;
