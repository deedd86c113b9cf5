// Propagation types of mounts: shared, slave, private, unbindable. man 7 mount_namespaces, "Shared subtrees";
// Linux fs/pnode.c.

import { LowestIds } from "../../base/lowest-ids.ts";
import type { Mount } from "./mount.ts";

/** The ids of mounts and of peer groups. They are unique in the machine. */
export class MountIds {
  private _mount = 1;
  /** The numbers of peer groups. */
  readonly groups = new LowestIds(1);
  private _namespace = 1;
  mount(): number {
    return this._mount++;
  }
  namespace(): number {
    return this._namespace++;
  }
}

/** A peer group. Mounts in `members` send to each other and to `slaves`. */
export class PeerGroup {
  readonly id: number;
  readonly members = new Set<Mount>();
  readonly slaves = new Set<Mount>();
  private readonly _ids: MountIds;
  constructor(ids: MountIds) {
    this._ids = ids;
    this.id = ids.groups.take();
  }
  end(): void {
    this._ids.groups.give(this.id);
  }
}

const setMaster = (mount: Mount, group: PeerGroup | undefined): void => {
  mount.master?.slaves.delete(mount);
  mount.master = group;
  group?.slaves.add(mount);
};

/** MS_SHARED. A mount without a group gets a new one. Linux invent_group_ids(), set_mnt_shared(). */
export const share = (mount: Mount, ids: MountIds): void => {
  mount.unbindable = false;
  if (mount.peers) return;
  mount.peers = new PeerGroup(ids);
  mount.peers.members.add(mount);
};
/** MS_SLAVE. The last member of a group gives its slaves to its own master. Linux do_make_slave(). */
export const enslave = (mount: Mount): void => {
  const { peers, master } = mount;
  if (!peers) return;
  peers.members.delete(mount);
  mount.peers = undefined;
  if (peers.members.size > 0) {
    setMaster(mount, peers);
    return;
  }
  for (const slave of [...peers.slaves]) setMaster(slave, master);
  peers.end();
};
/** MS_PRIVATE and MS_UNBINDABLE. */
export const isolate = (mount: Mount, unbindable = false): void => {
  enslave(mount);
  setMaster(mount, undefined);
  mount.unbindable = unbindable;
};

/**
 * The place of a copy relative to its original's peers: among them, below them, below them only if shared, or
 * none.
 */
export type CopyPlace = "same" | "slave" | "shared-to-slave" | "none";
/** Gives a new copy its place. Linux clone_mnt(). */
export const placeCopy = (copy: Mount, original: Mount, place: CopyPlace): void => {
  if (place === "none") return;
  const { peers, master } = original;
  if (peers && place !== "same") {
    setMaster(copy, peers);
    return;
  }
  setMaster(copy, master);
  copy.peers = peers;
  peers?.members.add(copy);
};
/** Makes the private `mount` a member of `other`'s group and a slave of its master. Linux do_set_group(). */
export const joinPeers = (mount: Mount, other: Mount): void => placeCopy(mount, other, "same");

/** All mounts that a change on `mount` reaches, without itself: peers, slaves, and their peers and slaves. */
export function* reachedBy({ peers: first }: Mount, without: Mount): Generator<Mount> {
  const seen = new Set<PeerGroup>();
  const open = first ? [first] : [];
  for (let group = open.pop(); group; group = open.pop()) {
    if (seen.has(group)) continue;
    seen.add(group);
    for (const member of group.members) if (member !== without) yield member;
    for (const slave of group.slaves) {
      if (slave.peers) open.push(slave.peers);
      else yield slave;
    }
  }
}
