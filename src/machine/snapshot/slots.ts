// What belongs to the host in a machine: files of writable mounts, the store of an overlay, connections with
// the outside world. No snapshot holds them. A copy uses them again if they are as they were; else it is
// refused with the reason and the option that allows it.
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { HostNode, HostStat } from "../../kernel/fs/types/host-tree.ts";
import type { UpperStore } from "../../kernel/fs/types/upper-store.ts";
import type { HostNetwork } from "../../kernel/net/host-network.ts";
import { Problem } from "../../problem.ts";
import { type Graph, type Item, isReplayed, refused } from "./graph.ts";
import type { SlotOptions } from "./options.ts";

/** The host's parts of a machine, as they were. */
export interface Slots {
  /** Files of writable mounts that the machine knows. `was` undefined: without a name. */
  readonly files: readonly { readonly node: HostNode; readonly was: HostStat | undefined; readonly isOpen: boolean }[];
  readonly overlay: { readonly store: UpperStore; readonly mark: string } | undefined;
  readonly network: HostNetwork | undefined;
  readonly connections: readonly string[];
}
/** Classes of files of writable mounts. */
export const WRITABLE: ReadonlySet<string> = new Set(["HostRwFile", "HostRwNode"].map((name) => `kernel/fs/types/host-rw.ts:${name}`));
const OVERLAY = "kernel/fs/types/overlay-fs.ts:HostOverlayFs";

/** `mark`: the state of the overlay, if it is known. */
export const slotsIn = (items: readonly Item[], network: HostNetwork | undefined, connections: readonly string[], mark?: string): Slots => {
  const files: Slots["files"][number][] = [];
  let overlay: Slots["overlay"];
  for (const item of items) {
    if (item.kind !== "object") continue;
    const {
      host: node,
      store,
      _holds,
    } = item.template as { readonly host?: HostNode; readonly store?: UpperStore; readonly _holds?: number };
    if (WRITABLE.has(item.name) && node && !isReplayed(node))
      files.push({ node, was: node.look ? node.look() : node.stat, isOpen: (_holds ?? 0) > 0 });
    if (item.name === OVERLAY && store && !isReplayed(store)) overlay = { store, mark: mark ?? store.mark?.() ?? "" };
  }
  return { files, overlay, network, connections };
};
/** The host's parts of a machine. `allowed` false: a snapshot of a machine that has some is refused. */
export const slotsOf = (graph: Graph, kernel: Kernel, allowed: boolean): Slots => {
  const { uplink } = kernel.namespaces.net;
  const own = uplink && !isReplayed(uplink.network) ? uplink : undefined;
  const slots = slotsIn(graph.items, own?.network, own?.connections ?? []);
  const { files, overlay, network } = slots;
  if (!allowed) {
    if (files.length > 0)
      throw refused("it has a mount of the mode rw, whose files no snapshot can take back", "mount the tree with the mode cow");
    if (overlay) throw refused("it has an overlay, whose store no snapshot can take back", "leave the option overlay out");
    if (network) throw refused("it has a network of the host", "leave the option network out: the loopback device needs none");
  }
  return slots;
};

const changedFiles = (what: string, help: string): Problem => new Problem("changed-files", what, { help });
/** The help of all refusals of changed files. */
export const ACCEPT = 'changed: "accept" (--accept-changed) uses them as they are now';
const nameOf = ({ path }: HostNode): string => (path ? `/${path.join("/")}` : "a file");

/** What differs between two states of a file of the host; undefined: nothing. */
export const differenceOf = (was: HostStat, now: HostStat): string | undefined => {
  if (was.size !== now.size) return `has ${now.size} bytes and had ${was.size}`;
  const isSame = (["mtime", "ctime"] as const).every((each) => was[each].sec === now[each].sec && was[each].nsec === now[each].nsec);
  return isSame ? undefined : "has changed since";
};

/**
 * Checks that the host's parts are as they were. Throws a Problem. `isBack`: the machine itself is taken
 * back.
 */
export const checkSlots = ({ files, overlay, connections }: Slots, { changed, connections: how }: SlotOptions, isBack: boolean): void => {
  if (connections.length > 0 && how !== "reset")
    throw changedFiles(
      `the snapshot has ${connections.length} connections with the outside world (${connections.slice(0, 3).join(", ")}), which no copy can have`,
      'connections: "reset" (--reset-connections) resets them in the copy',
    );
  if (overlay) {
    const { store, mark } = overlay;
    if (!isBack && store.isUsed) throw changedFiles("the overlay is in use by another machine", "finish the machine of the snapshot first");
    if (!isBack) store.resume();
    if (store.mark?.() !== mark && changed !== "accept") {
      if (!isBack) store.end();
      throw changedFiles("the overlay has changed since", "a copy of its folder from that time (cp -a) can be given in its place");
    }
  }
  if (changed === "accept") return;
  for (const { node, was } of files) {
    const now = node.look ? node.look() : node.stat;
    const difference = was && now ? differenceOf(was, now) : was || now ? "has another name, or none" : undefined;
    if (difference !== undefined) throw changedFiles(`${nameOf(node)} of a writable mount ${difference}`, ACCEPT);
  }
};
/** Takes the host's parts into use, in a machine that has just been made. */
export const useSlots = ({ files, network }: Slots, kernel: Kernel, given: HostNetwork | undefined): void => {
  for (const { node, isOpen } of files) if (isOpen && node.hold({ read: true, write: true }) < 0) node.hold({ read: true, write: false });
  const { uplink } = kernel.namespaces.net;
  if (!network || !uplink) return;
  if (given) uplink.network = given;
  kernel.guarded(() => uplink.lost());
};
