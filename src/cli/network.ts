// The options --net, --publish and --dns as a network of this host.
import { nodeNetwork } from "../host/network/host-network.ts";
import { publishedPort } from "../host/network/publish.ts";
import type { HostNetwork } from "../kernel/net/host-network.ts";
import { Problem } from "../problem.ts";
import { oneOf } from "./arguments.ts";
import type { NetworkWords } from "./run-options.ts";

const modes = ["none", "host", "host,loopback"] as const;

/** `say` prints the free port that was taken for port 0. @throws {Problem} An option has a wrong value. */
export const networkFrom = ({ net = "none", publish, dns }: NetworkWords, say: (line: string) => void): HostNetwork => {
  const mode = oneOf(net, modes, "--net");
  if (dns !== undefined && mode === "none")
    throw new Problem("usage", "--dns needs --net host", { help: "without it programs reach no resolver" });
  const ports = publish.map(publishedPort);
  return nodeNetwork({
    reach: mode === "none" ? "none" : "host",
    loopback: mode === "host,loopback",
    publish: ports,
    ...(dns === undefined ? {} : { dns }),
    listening({ address, host, guest, protocol }) {
      if (ports.some((port) => port.host === 0 && port.guest === guest && (port.protocol ?? "tcp") === protocol))
        say(`trapgate: ${protocol} port ${host} of ${address} is port ${guest} of the guest`);
    },
  });
};
