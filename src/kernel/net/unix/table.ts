// The Unix sockets of a network namespace. man 7 unix; Linux net/unix/af_unix.c struct netns_unix.
import type { NamespaceState } from "../../base/namespace-part.ts";
import { Part, type Parted } from "../../base/part.ts";
import type { NetNamespace } from "../namespace.ts";
import type { UnixSocket } from "./unix.ts";

/** The sockets. */
export class UnixTable implements NamespaceState {
  /** Those in the abstract namespace, by type and name. */
  readonly abstract = new Map<string, UnixSocket>();
  /** All that are open, for /proc/net/unix. */
  readonly all = new Set<UnixSocket>();
  end(): void {}
}
const part = new Part<Parted, UnixTable>("unix");
/** The sockets of a namespace. */
export const unixTable = (net: NetNamespace): UnixTable => part.make(net, () => new UnixTable());
