// The library's door to this host's network: options are checked, then it is the command line's network.
import type { HostNetwork } from "../../kernel/net/host-network.ts";
import type { HostNetworkOptions } from "../../kernel/net/outside/network-options.ts";
import { checkNetworkOptions } from "../../machine/api/check.ts";
import { nodeNetwork } from "./host-network.ts";

/**
 * A network of this host, for `network` of a machine. Programs in the machine are 10.0.2.15. The host and its
 * clients are 10.0.2.2, and the host's resolver is 10.0.2.3. Without options no address is reached and no
 * port is published. Link-local and multicast addresses are never reached. The host's own addresses need
 * `loopback`.
 *
 * @throws {Problem} An option is wrong.
 *
 * @example
 * const network = hostNetwork({ publish: [{ host: 8080, guest: 80 }] });
 * await Machine.run("/usr/bin/busybox", { root: hostTree("/"), network, args: ["httpd", "-f", "-p", "80"] });
 */
export const hostNetwork = (options: HostNetworkOptions = {}): HostNetwork => {
  checkNetworkOptions(options);
  return nodeNetwork(options);
};
