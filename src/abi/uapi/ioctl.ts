// Request numbers of ioctl(2). uapi asm-generic/ioctls.h, linux/fs.h.

// biome-ignore format: table
/** Requests for terminals. */
export const T = {
  TCGETS: 0x5401, TCSETS: 0x5402, TCSETSW: 0x5403, TCSETSF: 0x5404, TCGETA: 0x5405, TCSETA: 0x5406, TCSETAW: 0x5407, TCSETAF: 0x5408,
  TCSBRK: 0x5409, TCXONC: 0x540a, TCFLSH: 0x540b, TIOCEXCL: 0x540c, TIOCNXCL: 0x540d, TIOCSCTTY: 0x540e, TIOCGPGRP: 0x540f, TIOCSPGRP: 0x5410,
  TIOCOUTQ: 0x5411, TIOCSTI: 0x5412, TIOCGWINSZ: 0x5413, TIOCSWINSZ: 0x5414, FIONREAD: 0x541b, TIOCNOTTY: 0x5422, TIOCSETD: 0x5423,
  TIOCGETD: 0x5424, TCSBRKP: 0x5425, TIOCGSID: 0x5429, TCGETS2: 0x802c542a, TCSETS2: 0x402c542b, TCSETSW2: 0x402c542c, TCSETSF2: 0x402c542d,
  TIOCGPTN: 0x80045430, TIOCSPTLCK: 0x40045431, TIOCGDEV: 0x80045432, TIOCVHANGUP: 0x5437, TIOCGPTLCK: 0x80045439, TIOCGEXCL: 0x80045440,
  TIOCGPTPEER: 0x5441, TIOCPKT: 0x5420, TIOCGPKT: 0x80045438, TIOCSIG: 0x40045436,
} as const;

/** Requests for files of every kind. */
export const F = {
  FIONREAD: 0x541b,
  FIONBIO: 0x5421,
  FIONCLEX: 0x5450,
  FIOCLEX: 0x5451,
  FIOASYNC: 0x5452,
  FIOQSIZE: 0x5460,
  FICLONE: 0x40049409,
  FS_IOC_FIEMAP: 0xc020660b,
  FICLONERANGE: 0x4020940d,
} as const;

/** SECCOMP_IOCTL_NOTIF_*. The first definition of ID_VALID had the wrong direction. */
export const NOTIF = {
  RECV: 0xc050_2100,
  SEND: 0xc018_2101,
  ID_VALID: 0x4008_2102,
  ID_VALID_WRONG_DIR: 0x8008_2102,
  ADDFD: 0x4018_2103,
  SET_FLAGS: 0x4008_2104,
} as const;

/** Requests of interfaces and sockets. uapi linux/sockios.h */
export const SIOC = {
  GIFNAME: 0x8910,
  GIFCONF: 0x8912,
  GIFFLAGS: 0x8913,
  SIFFLAGS: 0x8914,
  GIFADDR: 0x8915,
  GIFBRDADDR: 0x8919,
  GIFNETMASK: 0x891b,
  GIFMTU: 0x8921,
  SIFMTU: 0x8922,
  GIFHWADDR: 0x8927,
  GIFINDEX: 0x8933,
  GIFTXQLEN: 0x8942,
} as const;

/** LOOP_*. uapi linux/loop.h */
// biome-ignore format: table
export const LOOP = {
  SET_FD: 0x4c00, CLR_FD: 0x4c01, SET_STATUS: 0x4c02, GET_STATUS: 0x4c03, SET_STATUS64: 0x4c04, GET_STATUS64: 0x4c05, CHANGE_FD: 0x4c06,
  SET_CAPACITY: 0x4c07, SET_DIRECT_IO: 0x4c08, SET_BLOCK_SIZE: 0x4c09, CONFIGURE: 0x4c0a, CTL_ADD: 0x4c80, CTL_REMOVE: 0x4c81, CTL_GET_FREE: 0x4c82,
} as const;

/** BLK*: block devices. uapi linux/fs.h */
// biome-ignore format: table
export const BLK = {
  ROSET: 0x125d, ROGET: 0x125e, GETSIZE: 0x1260, FLSBUF: 0x1261, RASET: 0x1262, RAGET: 0x1263, SECTGET: 0x1267, SSZGET: 0x1268,
  DISCARD: 0x1277, IOMIN: 0x1278, IOOPT: 0x1279, ALIGNOFF: 0x127a, PBSZGET: 0x127b, DISCARDZEROES: 0x127c, ROTATIONAL: 0x127e, ZEROOUT: 0x127f,
} as const;

/** Requests with the size of a word in their number, which differs between the ABIs. */
export const BLK_WORD = { BSZGET: 0x0000_1270, BSZSET: 0x0000_1271, GETSIZE64: 0x0000_1272 } as const;

/** Requests of ioctl_ns(2). */
export const NS = { GET_USERNS: 0xb701, GET_PARENT: 0xb702, GET_NSTYPE: 0xb703, GET_OWNER_UID: 0xb704, GET_MNTNS_ID: 0x8008_b705 } as const;
