// What epoll instances that watch one another may look like: how deep they stand, and in how many ways an event gets through them.
// Linux fs/eventpoll.c ep_loop_check(), reverse_path_check().
import type { FileDescription } from "../vfs/file.ts";

/** An epoll instance, as far as its place in the graph goes. */
interface Instance extends FileDescription {
  readonly inside: Iterable<FileDescription>;
}
const isInstance = (file: FileDescription): file is Instance => "inside" in file;

/** Levels of instances on one side of `start`; every instance is looked at once. */
const levels = (start: Instance, neighbours: (of: Instance) => Iterable<Instance>): number => {
  const known = new Map<Instance, number>();
  const depth = (of: Instance): number => {
    let most = known.get(of);
    if (most !== undefined) return most;
    most = 0;
    for (const next of neighbours(of)) most = Math.max(most, 1 + depth(next));
    known.set(of, most);
    return most;
  };
  return depth(start);
};
function* instancesInside(of: Instance): Generator<Instance> {
  for (const file of of.inside) if (isInstance(file)) yield file;
}
/** The instances that watch a file, once for each item. */
function* instancesAround(of: FileDescription): Generator<Instance> {
  for (const { ep } of of.watchers ?? []) yield ep as Instance;
}

export const depthBelow = (of: Instance): number => levels(of, instancesInside);
export const depthAbove = (of: Instance): number => levels(of, instancesAround);

/** Is `to` within `from`, at any depth, or the same? */
export const reaches = (from: Instance, to: Instance): boolean => {
  const seen = new Set<Instance>([from]);
  for (const at of seen) {
    if (at === to) return true;
    for (const next of instancesInside(at)) seen.add(next);
  }
  return false;
};

/** How many paths of 1, 2, … levels may lead from a file to instances that nobody watches; of one level any number may. */
const PATH_LIMITS = [Number.POSITIVE_INFINITY, 500, 100, 50, 10] as const;

/** Counts paths by their levels; every instance is looked at once. */
class Paths {
  readonly #known = new Map<Instance, readonly number[]>();

  /** Paths from what `of` tells to instances that nobody watches, by how many instances lie between. */
  #from(of: Instance): readonly number[] {
    let counts = this.#known.get(of);
    if (counts === undefined) this.#known.set(of, (counts = (of.watchers?.size ?? 0) === 0 ? [1] : [0, ...this.around(of)]));
    return counts;
  }
  around(of: FileDescription): readonly number[] {
    const counts: number[] = [];
    for (const outer of instancesAround(of)) this.#from(outer).forEach((n, depth) => (counts[depth] = (counts[depth] ?? 0) + n));
    return counts;
  }
}
/** An item of `added` has been added: do the paths from it, or from the files in the instances within it, become too many? */
export const tooManyPaths = (added: FileDescription): boolean => {
  const paths = new Paths();
  const exceed = (file: FileDescription): boolean => paths.around(file).some((n, depth) => n > (PATH_LIMITS[depth] ?? 0));
  if (!isInstance(added)) return exceed(added);
  const seen = new Set<Instance>([added]);
  for (const at of seen)
    for (const file of at.inside) {
      if (isInstance(file)) seen.add(file);
      else if (exceed(file)) return true;
    }
  return false;
};
