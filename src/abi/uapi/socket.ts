// Address families, socket types and message flags. man 2 socket, man 2 send; Linux include/linux/socket.h.

/** AF_*: address families. */
export const AF = { UNSPEC: 0, UNIX: 1, INET: 2, INET6: 10, NETLINK: 16, PACKET: 17 } as const;
/** IPPROTO_*. Linux uapi linux/in.h. */
export const IPPROTO = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58, UDPLITE: 136, RAW: 255 } as const;
/** SOCK_*: socket types. */
export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, SEQPACKET: 5 } as const;
/** One of the supported socket types. */
export type SocketType = (typeof SOCK)[keyof typeof SOCK];
/** The argument `how` of shutdown(2). */
export const SHUT = { RD: 0, WR: 1, RDWR: 2 } as const;
/** MSG_*: flags of send(2) and recv(2). */
export const MSG = {
  OOB: 1,
  PEEK: 2,
  CTRUNC: 8,
  TRUNC: 0x20,
  DONTWAIT: 0x40,
  EOR: 0x80,
  WAITALL: 0x100,
  ERRQUEUE: 0x2000,
  NOSIGNAL: 0x4000,
  MORE: 0x8000,
  /** For recvmmsg(2) and sendmmsg(2). */
  WAITFORONE: 0x1_0000,
  BATCH: 0x4_0000,
  FASTOPEN: 0x2000_0000,
  CMSG_CLOEXEC: 0x4000_0000,
} as const;
/** The ports that the system chooses: Linux's net.ipv4.ip_local_port_range. */
export const EPHEMERAL = { first: 32768, last: 60999 } as const;
