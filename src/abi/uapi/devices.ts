// Numbers of devices. Linux Documentation/admin-guide/devices.txt.
import { makedev } from "./stat.ts";

/** /dev/kmsg. */
export const KMSG = makedev(1, 11);
/** /dev/userfaultfd, a device of the misc class, whose minor number Linux chooses. */
export const USERFAULTFD = makedev(10, 257);
