// Landlock's check of TCP ports. Linux security/landlock/net.c current_check_access_socket().
import { E } from "../../../abi/errno.ts";
import { ACCESS_NET } from "../../../abi/uapi/landlock.ts";
import { AF } from "../../../abi/uapi/socket.ts";
import type { Task } from "../../core/task.ts";
import { domainOf, initMasks, newMasks, restricts, unmask } from "./domain.ts";

/** Sizes of struct sockaddr_in, and of struct sockaddr_in6 without its scope. */
const SIZE = 16;
const SIZE6 = 24;

/**
 * 0 or -errno for bind(2) or connect(2) of a TCP socket of `family`. `address` is the caller's, as far as it
 * goes.
 */
export const mayUsePort = (task: Task, family: number, address: Uint8Array, use: "bind" | "connect"): number => {
  const domain = domainOf(task.cred);
  if (!restricts(domain, "net")) return 0;
  if (address.length < 2) return -E.EINVAL;
  const given = (address[0] as number) | ((address[1] as number) << 8);
  if (given !== AF.UNSPEC && given !== AF.INET && given !== AF.INET6) return 0;
  if (address.length < (given === AF.INET6 ? SIZE6 : SIZE)) return -E.EINVAL;
  if (given === AF.UNSPEC) {
    // connect(2) ends the association, which is always allowed. bind(2) takes it for AF_INET and INADDR_ANY.
    if (use === "connect") return 0;
    if (address.subarray(4, 8).some((octet) => octet !== 0)) return -E.EAFNOSUPPORT;
  } else if (given !== family) return -E.EINVAL;
  const request = use === "bind" ? ACCESS_NET.LANDLOCK_ACCESS_NET_BIND_TCP : ACCESS_NET.LANDLOCK_ACCESS_NET_CONNECT_TCP;
  const masks = newMasks();
  const handled = initMasks(domain, request, masks, (layer) => layer.net);
  const port = ((address[2] as number) << 8) | (address[3] as number);
  return unmask(domain.ports.get(port), handled, masks) ? 0 : -E.EACCES;
};
