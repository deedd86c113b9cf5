// Words of gdb's remote protocol in replies.
import { MOST_PACKET } from "./packet.ts";

/** The largest piece of memory that one packet reads. */
export const MOST_READ = MOST_PACKET / 2 - 16;
/** It is done. */
export const OK = "OK";
/** An errno of gdb's protocol, which prints the number only. */
const error = (n: number): string => `E${n.toString(16).padStart(2, "0")}`;
/** EINVAL: a packet of no such form. */
export const INVALID = error(22);
/** EFAULT: no such memory. */
export const FAULT = error(14);
/** ESRCH: no such thread. */
export const NONE = error(3);
/** A number in a packet. */
export const word = (n: number): string => n.toString(16);
