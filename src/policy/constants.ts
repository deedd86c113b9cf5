// Names of values that policies compare arguments with. Linux uapi linux/socket.h, asm-generic/mman-common.h,
// linux/sched.h; net.h.

/** Address families: socket(2), argument 0. */
// biome-ignore format: table
export const AF = {
  UNSPEC: 0, UNIX: 1, INET: 2, AX25: 3, IPX: 4, APPLETALK: 5, X25: 9, INET6: 10, KEY: 15, NETLINK: 16, PACKET: 17, RDS: 21, CAN: 29, TIPC: 30,
  BLUETOOTH: 31, ALG: 38, VSOCK: 40, XDP: 44,
} as const;
/** socket(2), argument 1: a type in the lowest four bits, and flags. */
export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, RDM: 4, SEQPACKET: 5, TYPE_MASK: 0xf, CLOEXEC: 0x80000, NONBLOCK: 0x800 } as const;
/** mmap(2) and mprotect(2), argument 2. */
export const PROT = { NONE: 0, READ: 1, WRITE: 2, EXEC: 4 } as const;
/** clone(2), argument 0; unshare(2), argument 0. */
// biome-ignore format: table
export const CLONE = {
  VM: 0x100, FS: 0x200, FILES: 0x400, SIGHAND: 0x800, PIDFD: 0x1000, PTRACE: 0x2000, VFORK: 0x4000, PARENT: 0x8000, THREAD: 0x10000,
  NEWNS: 0x20000, SYSVSEM: 0x40000, SETTLS: 0x80000, UNTRACED: 0x800000, NEWCGROUP: 0x2000000, NEWUTS: 0x4000000, NEWIPC: 0x8000000,
  NEWUSER: 0x10000000, NEWPID: 0x20000000, NEWNET: 0x40000000, NAMESPACES: 0x7e020000,
} as const;
