// /proc/sys/net/ipv4/ip_local_port_range: the ports that the kernel chooses, per network namespace. Linux
// net/ipv4/sysctl_net_ipv4.c ipv4_local_port_range().
import { E } from "../../../../abi/errno.ts";
import type { ProcContent } from "../tree/node.ts";
import { numbersWriter } from "../tree/numbers.ts";

/** The file. */
export const localPorts: ProcContent = {
  read: ({ net }) => `${net.localPorts.first}\t${net.localPorts.last}\n`,
  write: numbersWriter(2, (values, { net }) => {
    const [first, last = net.localPorts.last] = values.map(Number) as [number, number?];
    if (first < 1 || first > 65535 || last < first || last > 65535) return -E.EINVAL;
    // A range that ends below the privileged ports would leave programs none.
    if (last < net.firstFreePort) return -E.EINVAL;
    net.localPorts = { first, last };
    return 0;
  }),
};
