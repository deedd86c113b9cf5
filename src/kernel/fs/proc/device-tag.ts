// /proc/sys/net/ipv4/conf/DEVICE/tag: a number for programs' own use, one per network namespace. Linux
// Documentation/networking/ip-sysctl.rst.
import { E } from "../../../abi/errno.ts";
import type { NetNamespace } from "../../net/namespace.ts";
import type { ProcContent } from "./node.ts";

const tags = new WeakMap<NetNamespace, Map<string, number>>();

/** The file of one device: its tag of the reader's network namespace. */
export const deviceTag = (device: string): ProcContent => ({
  read: (task) => `${tags.get(task.net)?.get(device) ?? 0}\n`,
  write: (task, bytes) => {
    const text = String.fromCharCode(...bytes.subarray(0, 32)).trim();
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value) || Math.abs(value) > 0x7fff_ffff) return -E.EINVAL;
    const own = tags.get(task.net) ?? new Map<string, number>();
    tags.set(task.net, own.set(device, value));
    return bytes.length;
  },
});
