// Paths for Node's functions that reach one file and no other. No path here has a component that another
// process could turn into a link.
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  openSync,
  type PathLike,
  utimesSync,
} from "node:fs";
import { S_IFDIR, S_IFREG } from "../kernel/fs/vfs/mode.ts";
import { open } from "./node-descriptors.ts";
import { failure } from "./node-errno.ts";
import { identity, type NodeFile } from "./node-file.ts";

/** Access to files of the host without a race between check and use: one implementation per system. */
export interface Reach {
  /**
   * `act` with a path of `name` in the directory. Calls with it must not follow a link in the last component.
   */
  entry<T>(dir: NodeFile, name: string, act: (path: PathLike) => T): T;
  /** `act` with a path of a directory, to list it. */
  directory<T>(dir: NodeFile, act: (path: PathLike) => T): T;
  /** A new descriptor of the very file, which is regular or a directory. */
  open(file: NodeFile, flags: number): number;
  chmod(file: NodeFile, mode: number): void;
  chown(file: NodeFile, uid: number, gid: number): void;
  /** In seconds. */
  utimes(file: NodeFile, atime: number, mtime: number): void;
}

/** Linux uapi asm-generic/fcntl.h; Node has no name for it. */
const O_PATH = 0o10000000;
/** Neither waits for the other end of a fifo nor makes a terminal ours. */
const { O_NOFOLLOW, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;
const carefully = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

const slash = Buffer.from("/");
const beyondAscii = /[\u0080-\uffff]/;
/** Names are byte strings; Node takes text as UTF-8. */
const below = (folder: PathLike, name: string): PathLike =>
  typeof folder === "string" && !beyondAscii.test(name)
    ? `${folder}/${name}`
    : Buffer.concat([Buffer.from(folder as string), slash, Buffer.from(name, "latin1")]);

/**
 * Longer chains come only from directories that move below each other meanwhile, or are too deep for any
 * path.
 */
const DEEPEST = 4096;
/** The file and the directories above it, up to the first that `ends`. */
const chainTo = (file: NodeFile, ends: (at: NodeFile) => boolean): NodeFile[] => {
  const chain: NodeFile[] = [];
  for (let at: NodeFile | undefined = file; at && !ends(at); at = at.parent) {
    if (chain.push(at) > DEEPEST) throw failure("ENAMETOOLONG");
  }
  return chain.reverse();
};

const throughProc = (fd: number): string => `/proc/self/fd/${fd}`;

/**
 * A descriptor that names the file. If it had to be closed it is opened again by name, and must be the same
 * file.
 */
const named = (file: NodeFile): number => {
  for (const at of chainTo(file, ({ descriptors }) => descriptors.any !== undefined)) {
    const flags = O_PATH | O_NOFOLLOW;
    const fd = at.parent ? byDescriptor.entry(at.parent, at.name, (path) => open(path, flags)) : open(at.tree.path, flags);
    if (identity(fstatSync(fd, { bigint: true })) !== at.id) {
      closeSync(fd);
      throw failure("ESTALE");
    }
    at.descriptors.set(fd, {});
  }
  return file.descriptors.any as number;
};
const itself = <T>(file: NodeFile, act: (path: string) => T): T => {
  const fd = named(file);
  return file.descriptors.during(() => act(throughProc(fd)));
};

/**
 * Linux: a link of /proc/self/fd leads to the file behind the descriptor, even after a rename. So
 * `/proc/self/fd/N/name` acts as openat(2), and the link itself as AT_EMPTY_PATH. man 5 proc_pid_fd
 */
export const byDescriptor: Reach = {
  entry: (dir, name, act) => itself(dir, (path) => act(below(path, name))),
  directory: itself,
  open: (file, flags) => itself(file, (path) => open(path, flags | O_NONBLOCK | O_NOCTTY)),
  chmod: (file, mode) => itself(file, (path) => chmodSync(path, mode)),
  chown: (file, uid, gid) => itself(file, (path) => chownSync(path, uid, gid)),
  utimes: (file, atime, mtime) => itself(file, (path) => utimesSync(path, atime, mtime)),
};

/** The file's path, if none of its components has changed. */
const checked = (file: NodeFile): PathLike => {
  let path: PathLike = file.tree.path;
  for (const at of chainTo(file, () => false)) {
    if (at.parent) path = below(path, at.name);
    if (identity(lstatSync(path, { bigint: true })) !== at.id) throw failure("ESTALE");
  }
  return path;
};
/** Runs `act`. Its result counts only if the path was the same before and after. */
const between = <T>(file: NodeFile, act: (path: PathLike) => T): T => {
  const path = checked(file);
  const result = act(path);
  checked(file);
  return result;
};
const openChecked = (file: NodeFile, flags: number): number => {
  const fd = openSync(checked(file), flags | carefully);
  if (identity(fstatSync(fd, { bigint: true })) === file.id) return fd;
  closeSync(fd);
  throw failure("ESTALE");
};

const isOpened = ({ type }: NodeFile): boolean => type === S_IFREG || type === S_IFDIR;

/**
 * Other systems: paths with components that are compared before and after a use. A guest cannot change them
 * between, because it does not run then; another process of the host can. Regular files are opened and then
 * compared, which leaves no gap.
 */
export const byPath: Reach = {
  entry: (dir, name, act) => between(dir, (path) => act(below(path, name))),
  directory: between,
  open: openChecked,
  chmod: (file, mode) => {
    // To open a fifo or a device would do something.
    if (!isOpened(file)) throw failure("EOPNOTSUPP");
    const fd = openChecked(file, constants.O_RDONLY);
    try {
      fchmodSync(fd, mode);
    } finally {
      closeSync(fd);
    }
  },
  chown: (file, uid, gid) => between(file, (path) => lchownSync(path, uid, gid)),
  utimes: (file, atime, mtime) => between(file, (path) => lutimesSync(path, atime, mtime)),
};

/** True if /proc exists and works as on Linux. */
const hasProc = (): boolean => {
  if (process.platform !== "linux") return false;
  let fd: number | undefined;
  try {
    fd = openSync("/", O_PATH | O_NOFOLLOW);
    const there = lstatSync(`${throughProc(fd)}/.`, { bigint: true });
    return identity(there) === identity(fstatSync(fd, { bigint: true }));
  } catch {
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
};
let known: Reach | undefined;
/** The best that this system has. */
export const reachOfSystem = (): Reach => (known ??= hasProc() ? byDescriptor : byPath);
