// Numbers and bits of keyctl(2). Linux uapi linux/keyctl.h, include/linux/key.h.

/** Operations of keyctl(2), in the order of their numbers. */
// biome-ignore format: table
const operations = [
  "GET_KEYRING_ID", "JOIN_SESSION_KEYRING", "UPDATE", "REVOKE", "CHOWN", "SETPERM", "DESCRIBE", "CLEAR", "LINK", "UNLINK", "SEARCH", "READ",
  "INSTANTIATE", "NEGATE", "SET_REQKEY_KEYRING", "SET_TIMEOUT", "ASSUME_AUTHORITY", "GET_SECURITY", "SESSION_TO_PARENT", "REJECT",
  "INSTANTIATE_IOV", "INVALIDATE", "GET_PERSISTENT", "DH_COMPUTE", "PKEY_QUERY", "PKEY_ENCRYPT", "PKEY_DECRYPT", "PKEY_SIGN", "PKEY_VERIFY",
  "RESTRICT_KEYRING", "MOVE", "CAPABILITIES", "WATCH_KEY",
] as const;
/** The name of an operation, without KEYCTL_. */
export type KeyctlOperation = (typeof operations)[number];
/** The numbers of the operations. */
export const KEYCTL = Object.fromEntries(operations.map((name, i) => [name, i])) as Record<KeyctlOperation, number>;

/** Special ids. Linux KEY_SPEC_*. */
export const KEY_SPEC = {
  THREAD_KEYRING: -1,
  PROCESS_KEYRING: -2,
  SESSION_KEYRING: -3,
  USER_KEYRING: -4,
  USER_SESSION_KEYRING: -5,
  GROUP_KEYRING: -6,
  REQKEY_AUTH_KEY: -7,
  REQUESTOR_KEYRING: -8,
} as const;

/** The keyrings of KEYCTL_SET_REQKEY_KEYRING. Linux KEY_REQKEY_DEFL_*. */
export const KEY_REQKEY_DEFL = {
  NO_CHANGE: -1,
  DEFAULT: 0,
  THREAD_KEYRING: 1,
  PROCESS_KEYRING: 2,
  SESSION_KEYRING: 3,
  USER_KEYRING: 4,
  USER_SESSION_KEYRING: 5,
  GROUP_KEYRING: 6,
  REQUESTOR_KEYRING: 7,
} as const;

/** A permission, in the byte of others; the bytes of group, user and possessor are above it. */
export const KEY_NEED = { VIEW: 1, READ: 2, WRITE: 4, SEARCH: 8, LINK: 0x10, SETATTR: 0x20 } as const;
const ALL = 0x3f;
const shifted = (bits: number, shift: number): number => (bits << shift) >>> 0;
/** Permissions of the possessor, of the user, and all that exist. */
export const possessor = (bits: number): number => shifted(bits, 24);
/** Permissions at the position of the key's user. */
export const user = (bits: number): number => shifted(bits, 16);
/** All permissions of possessor, user, group and others. */
export const KEY_ALL_PERMISSIONS = (possessor(ALL) | user(ALL) | shifted(ALL, 8) | ALL) >>> 0;
/** All permissions in one byte. Linux KEY_OTH_ALL. */
export const KEY_ALL = ALL;

/** KEYCTL_MOVE: no key of the same type and description is displaced. */
export const KEYCTL_MOVE_EXCL = 1;
