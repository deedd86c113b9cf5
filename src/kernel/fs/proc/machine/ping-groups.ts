// /proc/sys/net/ipv4/ping_group_range: the groups that may make ping sockets, per network namespace. man 7
// icmp; Linux net/ipv4/sysctl_net_ipv4.c ipv4_ping_group_range().

import { E } from "../../../../abi/errno.ts";
import { ofBytes } from "../../../base/byte-string.ts";
import { CAP, capableIn } from "../../../cred/cred.ts";
import { toKernel, toLocal } from "../../../cred/user-namespace.ts";
import type { ProcContent } from "../tree/node.ts";

/** GROUP_RANGE_MAX. */
const MOST = 0x7fff_ffff;

/** The file. */
export const pingGroups: ProcContent = {
  read: ({ net, cred }) => `${net.pingGroups.map((gid) => toLocal(cred.userNs, "gidMap", gid) ?? 0xffff_ffff).join("\t")}\n`,
  write: (task, bytes) => {
    const { net, cred } = task;
    if (!capableIn(cred, net.owner, CAP.NET_ADMIN)) return -E.EPERM;
    const found = /^\s*(\d+)(?:\s+(\d+))?\s*$/.exec(ofBytes(bytes.subarray(0, 64)));
    if (!found) return -E.EINVAL;
    const [low, high] = [Number(found[1]), found[2] === undefined ? net.pingGroups[1] : Number(found[2])];
    if (low > MOST || high > MOST) return -E.EINVAL;
    const [from, to] = [toKernel(cred.userNs, "gidMap", low), toKernel(cred.userNs, "gidMap", high)];
    if (from === undefined || to === undefined) return -E.EINVAL;
    net.setPingGroups(from, to);
    return bytes.length;
  },
};
