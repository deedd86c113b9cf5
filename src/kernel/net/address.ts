// Addresses of all families. man 2 connect; POSIX connect().

/** The result for AF_UNSPEC, with which connect(2) removes the peer. No family has such an address. */
export const NO_PEER = "unspecified";
/** The call that an address comes from. Families accept different addresses for each. */
export type AddressUse = "bind" | "connect" | "send";
