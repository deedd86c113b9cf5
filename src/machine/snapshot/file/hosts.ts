// The host's parts of a snapshot's file, given again: trees and their files, an overlay, a network. Each must
// be what the file says, or the owner allows the difference.
import { E } from "../../../abi/errno.ts";
import type { HostNode, HostStat, HostTree } from "../../../kernel/fs/types/host-tree.ts";
import type { UpperStore } from "../../../kernel/fs/types/upper-store.ts";
import { S_IFDIR, S_IFMT, S_IFREG } from "../../../kernel/fs/vfs/mode.ts";
import type { HostNetwork } from "../../../kernel/net/host-network.ts";
import { Problem } from "../../../problem.ts";
import { type BootOptions, budgetOf } from "../../boot.ts";
import type { ReadOptions } from "../options.ts";
import { ACCEPT } from "../slots.ts";
import type { HostFile } from "./format.ts";
import { hashOf } from "./graph-writer.ts";

/** What a file needs from the host besides trees. */
export interface HostNeeds {
  readonly network?: Pick<HostNetwork, "reaches" | "six">;
  /** Connections with the outside world, in words. */
  readonly connections: readonly string[];
  /** The state of the overlay. */
  readonly overlay?: string;
  /** The streams that are the program's terminal. */
  readonly terminal?: readonly boolean[];
}

const needs = (what: string, help: string): Problem => new Problem("changed-files", `the snapshot ${what}`, { help });

/** Why a file is not the one that was saved; undefined: it is. */
const differs = (node: HostNode, stat: HostStat, was: HostFile): string | undefined => {
  const type = stat.mode & S_IFMT;
  if (type !== was.type) return "is of another type now";
  const isEqual = (each: "mtime" | "ctime"): boolean => stat[each].sec === was[each][0] && stat[each].nsec === was[each][1];
  const { identity, hash, isWritable } = was;
  const isIt = identity === undefined || node.identity === undefined || node.identity === identity;
  if (type !== S_IFREG && !(isWritable && type === S_IFDIR)) return undefined;
  if (type === S_IFREG && stat.size !== was.size) return `has ${stat.size} bytes and had ${was.size}`;
  // The same file at the same time; or a file of which nothing was read.
  if (isEqual("mtime") && ((isIt && isEqual("ctime")) || (hash === undefined && !isWritable))) return undefined;
  // A copy of it, or a touched one: the content decides.
  if (!isWritable && hash !== undefined && hash !== "") return hashOf(node, stat.size) === hash ? undefined : "has another content";
  return isIt ? "has changed since" : "is another file now";
};

/** The host's files of a snapshot, looked up again. */
export const hostsOf = (hosts: readonly HostFile[], treeOf: (place: string) => HostTree, { changed }: ReadOptions): HostNode[] => {
  // Most files share the first parts of their paths.
  const known = new Map<HostNode, Map<string, HostNode>>();
  const lookup = (dir: HostNode, name: string): HostNode | number => {
    let names = known.get(dir);
    if (!names) known.set(dir, (names = new Map()));
    const found = names.get(name) ?? dir.lookup(name);
    if (typeof found === "object") names.set(name, found);
    return found;
  };
  return hosts.map((was) => {
    const { tree, path, type, isWritable } = was;
    const name = `${tree}/${path.join("/")}`;
    const top = treeOf(tree);
    if (isWritable && !top.writable) throw needs(`writes to the tree at ${tree}`, "give a tree that is writable (--mount HOST:GUEST:rw)");
    let node = top.root;
    for (const part of path) {
      const found = lookup(node, part);
      if (typeof found === "number") throw needs(`uses ${name}, which is not there`, "give the tree as it was");
      node = found;
    }
    if ((node.stat.mode & S_IFMT) !== type) throw needs(`uses ${name}, which is of another type now`, "give the tree as it was");
    const difference = changed === "accept" ? undefined : differs(node, node.look?.() ?? node.stat, was);
    if (difference !== undefined) throw needs(`uses ${name}, which ${difference}`, ACCEPT);
    return node;
  });
};

/** A network that reaches nothing. */
const nowhere = ({ reaches, six }: Pick<HostNetwork, "reaches" | "six">): HostNetwork => {
  const nothing = (): void => undefined;
  const unreachable = (): number => -E.ENETUNREACH;
  return {
    reaches,
    six,
    open: () =>
      Promise.resolve({
        connect: unreachable,
        datagram: unreachable,
        write: () => true,
        end: nothing,
        reset: nothing,
        resume: nothing,
        took: nothing,
        closeDatagrams: nothing,
        close: () => Promise.resolve(),
      }),
  };
};
/** The network that a file needs. */
export const networkOf = ({ network }: HostNeeds, { network: given }: ReadOptions): HostNetwork | undefined => {
  if (!network) {
    if (given === undefined || given === "none") return undefined;
    throw needs("was saved without a network, so its programs have no device for one", "save it with a network (run --snapshot --net …)");
  }
  if (given === "none") return nowhere(network);
  const kind = network.reaches ? "--net host" : "--publish";
  if (!given) throw needs("uses a network of the host", `give it by network (${kind}); network: "none" (--net none) continues without one`);
  if (given.reaches !== network.reaches || given.six !== network.six)
    throw needs("uses a network of another kind", `give one as it had (${kind}${network.six ? " on a host with IPv6" : ""})`);
  return given;
};
/** The overlay that a file needs, if it is as it was. It is not in use afterwards. */
export const overlayOf = (
  { overlay: mark }: HostNeeds,
  { overlay, changed }: ReadOptions,
  options: BootOptions,
): UpperStore | undefined => {
  if (mark === undefined) {
    if (overlay) throw needs("was saved without an overlay", "leave the overlay out");
    return undefined;
  }
  if (!overlay) throw needs("uses an overlay", "give its folder, or a copy of it from that time, by overlay (--overlay)");
  for (const _ of overlay.begin(budgetOf(options)));
  const isSame = overlay.mark?.() === mark;
  overlay.end();
  if (isSame || changed === "accept") return overlay;
  throw needs(
    "uses an overlay that has changed since: files are not those of its moment",
    `a copy of its folder from that time (cp -a) can be given in its place; ${ACCEPT}`,
  );
};
