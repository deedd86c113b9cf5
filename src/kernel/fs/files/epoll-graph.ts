// The graph of epoll instances that contain one another: limits on its depth and on the number of wakeup
// paths. man 2 epoll_ctl ELOOP; Linux fs/eventpoll.c ep_loop_check(), reverse_path_check().
import type { FileDescription } from "../vfs/file.ts";

/** An epoll instance as a node of the graph. */
interface Instance extends FileDescription {
  readonly inside: Iterable<FileDescription>;
}
const isInstance = (file: FileDescription): file is Instance => "inside" in file;

/** Levels of instances on one side of `start`. Each instance is visited once. */
const levels = (start: Instance, neighbours: (of: Instance) => Iterable<Instance>): number => {
  const depths = new Map<Instance, number>();
  const depth = (of: Instance): number => {
    let most = depths.get(of);
    if (most !== undefined) return most;
    most = 0;
    for (const next of neighbours(of)) most = Math.max(most, 1 + depth(next));
    depths.set(of, most);
    return most;
  };
  return depth(start);
};
function* instancesInside(of: Instance): Generator<Instance> {
  for (const file of of.inside) if (isInstance(file)) yield file;
}
/** The instances that contain a file, once for each item. */
function* instancesAround(of: FileDescription): Generator<Instance> {
  for (const { ep } of of.watchers ?? []) yield ep as Instance;
}

/** The longest chain of instances inside `of`, in levels. */
export const depthBelow = (of: Instance): number => levels(of, instancesInside);
/** The longest chain of instances that contain `of`, in levels. */
export const depthAbove = (of: Instance): number => levels(of, instancesAround);

/** True if `to` is `from` or is inside it at any depth. */
export const reaches = (from: Instance, to: Instance): boolean => {
  const seen = new Set<Instance>([from]);
  for (const at of seen) {
    if (at === to) return true;
    for (const next of instancesInside(at)) seen.add(next);
  }
  return false;
};

/**
 * The greatest number of paths of 1, 2, … levels from a file to outermost instances. Paths of one level are
 * not limited. Linux path_limits[].
 */
const PATH_LIMITS = [Number.POSITIVE_INFINITY, 500, 100, 50, 10] as const;

/** Counts paths by their number of levels. Each instance is visited once. */
class Paths {
  private readonly _counts = new Map<Instance, readonly number[]>();

  /** Paths from `of` to outermost instances, by the number of instances between. */
  private _from(of: Instance): readonly number[] {
    let counts = this._counts.get(of);
    if (counts === undefined) this._counts.set(of, (counts = (of.watchers?.size ?? 0) === 0 ? [1] : [0, ...this.around(of)]));
    return counts;
  }
  around(of: FileDescription): readonly number[] {
    const counts: number[] = [];
    for (const outer of instancesAround(of)) this._from(outer).forEach((n, depth) => (counts[depth] = (counts[depth] ?? 0) + n));
    return counts;
  }
}
/**
 * True if a new item for `added` makes too many paths. The paths counted begin at `added`, or at the files in
 * it and in the instances inside it. Linux reverse_path_check().
 */
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
