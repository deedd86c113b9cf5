// Paths inside an image: links lead to files of the image only, as after chroot(2). path_resolution(7).
import { Problem } from "../problem.ts";

/** Linux MAXSYMLINKS. */
const MOST_LINKS = 40;
/** Components of a path, those of the links on it included. */
export const MOST_DEPTH = 512;

/** A tree of files, as a path sees it. */
export interface Files<N> {
  /** The entry of a directory; undefined: there is none, or `dir` is no directory. */
  child(dir: N, name: string): N | undefined;
  /** The text of a symbolic link; undefined: it is none. */
  target(file: N): string | undefined;
  isDirectory(file: N): boolean;
  /** Puts a directory where none is. Without it such a path leads nowhere. */
  readonly make?: (dir: N, name: string) => N;
  /** Called for each component. */
  readonly step?: () => void;
}

/** The components of a path. */
export const componentsOf = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");

/**
 * The file at a path below `root`. Links are followed, also at the end; undefined if there is no such file.
 *
 * @throws {Problem} The path has too many components.
 */
export const walk = <N>(root: N, path: readonly string[], files: Files<N>): N | undefined => {
  let links = 0;
  const left = [...path].reverse();
  const way: N[] = [root];
  while (left.length > 0) {
    files.step?.();
    const part = left.pop() as string;
    // Above the root is the root.
    if (part === "..") {
      if (way.length > 1) way.pop();
      continue;
    }
    const at = way.at(-1) as N;
    const found = files.child(at, part);
    const target = found === undefined ? undefined : files.target(found);
    if (target !== undefined && ++links <= MOST_LINKS) {
      if (target.startsWith("/")) way.length = 1;
      const components = componentsOf(target);
      if (left.length + components.length > MOST_DEPTH)
        throw new Problem("bad-image", `${JSON.stringify(path.join("/").slice(0, 80))} leads through too many links`);
      left.push(...components.reverse());
    } else if (found !== undefined && (files.isDirectory(found) || (left.length === 0 && !files.make))) way.push(found);
    else if (files.make) way.push(files.make(at, part));
    else return undefined;
  }
  return way.at(-1);
};
