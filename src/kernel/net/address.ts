// What all address families share.

/** What connect(2) with AF_UNSPEC asks for: no peer. No family's address looks like this. */
export const NO_PEER = "unspecified";
export type AddressUse = "bind" | "connect" | "send";
