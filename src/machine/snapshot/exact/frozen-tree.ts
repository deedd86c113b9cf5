// A host tree that answers each question once: machines that run one after another see the same files,
// although
// other programs of the host work in them.
import type { HostDirEntry, HostNode, HostTree } from "../../../kernel/fs/types/host-tree.ts";

const once = <K, V>(ask: (key: K) => V): ((key: K) => V) => {
  const known = new Map<K, V>();
  return (key) => {
    if (!known.has(key)) known.set(key, ask(key));
    return known.get(key) as V;
  };
};

const nodes = new WeakMap<HostNode, HostNode>();
const frozenNode = (node: HostNode): HostNode => {
  const known = nodes.get(node);
  if (known) return known;
  const { stat } = node;
  const lookup = once((name: string) => {
    const found = node.lookup(name);
    return typeof found === "number" ? found : frozenNode(found);
  });
  const readdir = once((_: 0): readonly HostDirEntry[] | number => node.readdir());
  const readlink = once((_: 0) => node.readlink());
  const refuse = (): number => -30;
  const frozen: HostNode = {
    stat,
    lookup,
    readdir: () => readdir(0),
    readlink: () => readlink(0),
    read: (offset, into) => node.read(offset, into),
    create: refuse,
    mkdir: refuse,
    symlink: refuse,
    link: refuse,
    unlink: refuse,
    rmdir: refuse,
    rename: refuse,
    write: refuse,
    truncate: refuse,
    chmod: refuse,
    chown: refuse,
    utimes: refuse,
    hold: refuse,
    release: () => undefined,
  };
  nodes.set(node, frozen);
  return frozen;
};

/** A tree as it is when its files are first asked for. */
export const frozenTree = ({ root }: HostTree): HostTree => ({ root: frozenNode(root), writable: false });
