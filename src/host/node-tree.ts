// A directory of this host as the core's HostTree. Nothing below it is followed through a symbolic link: the guest resolves links
// itself, against its own root.
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  type Dirent,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { E, type ErrnoName } from "../abi/errno.ts";
import type { Timespec } from "../kernel/base/time.ts";
import type { HostDirEntry, HostStat, HostTree, HostWriter } from "../kernel/fs/types/host-tree.ts";
import { decodeDev, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK } from "../kernel/fs/vfs/mode.ts";

type Names = readonly string[];

/** How many files stay open for reading: a guest that maps a file reads it page by page. */
const OPEN_FILES = 64;

/** The host's errno by its name: numbers differ between systems. */
const errnoOf = (error: unknown): number => {
  const code = (error as NodeJS.ErrnoException).code;
  return -(E[code as ErrnoName] ?? E.EIO);
};
const attempt = <T>(action: () => T): T | number => {
  try {
    return action();
  } catch (error) {
    return errnoOf(error);
  }
};
const done = (action: () => void): number =>
  attempt(() => {
    action();
    return 0;
  });

const NS = 1_000_000_000n;
const timespec = (ns: bigint): Timespec => ({ sec: Number(ns / NS), nsec: Number(ns % NS) });
const seconds = ({ sec, nsec }: Timespec): number => sec + nsec / 1e9;

const direntMode = (entry: Dirent<Buffer>): number => {
  if (entry.isFile()) return S_IFREG;
  if (entry.isDirectory()) return S_IFDIR;
  if (entry.isSymbolicLink()) return S_IFLNK;
  if (entry.isFIFO()) return S_IFIFO;
  if (entry.isSocket()) return S_IFSOCK;
  return entry.isBlockDevice() ? S_IFBLK : S_IFCHR;
};

/** Open files by path, the least recently used one closed first. */
class OpenFiles {
  readonly #fds = new Map<string, number>();

  get(key: string, path: () => Buffer): number {
    const known = this.#fds.get(key);
    const fd = known ?? openSync(path(), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    this.#fds.delete(key);
    this.#fds.set(key, fd);
    for (const [oldest] of this.#fds) {
      if (this.#fds.size <= OPEN_FILES) break;
      this.forget(oldest);
    }
    return fd;
  }
  forget(key: string): void {
    const fd = this.#fds.get(key);
    if (fd !== undefined) closeSync(fd);
    this.#fds.delete(key);
  }
}

class Directory {
  readonly #root: Buffer;
  readonly #files = new OpenFiles();

  constructor(path: string) {
    this.#root = realpathSync.native(path, "buffer");
  }

  static key(names: Names): string {
    return names.join("/");
  }

  /** The host's path. Throws ENOTDIR if a component above the last is a symbolic link by now. */
  at(names: Names): Buffer {
    const separator = Buffer.from("/");
    const parts = names.flatMap((name) => [separator, Buffer.from(name, "latin1")]);
    if (parts.length <= 2) return Buffer.concat([this.#root, ...parts]);
    const parent = Buffer.concat([this.#root, ...parts.slice(0, -2)]);
    const real = realpathSync.native(parent, "buffer");
    if (!real.equals(this.#root.length === 1 ? parent.subarray(1) : parent)) {
      throw Object.assign(new Error("a symbolic link in the way"), { code: "ENOTDIR" });
    }
    return Buffer.concat([parent, ...parts.slice(-2)]);
  }

  lstat(names: Names): HostStat {
    const s = lstatSync(this.at(names), { bigint: true });
    return {
      mode: Number(s.mode),
      uid: Number(s.uid),
      gid: Number(s.gid),
      size: Number(s.size),
      nlink: Number(s.nlink),
      rdev: decodeDev(Number(s.rdev)),
      atime: timespec(s.atimeNs),
      mtime: timespec(s.mtimeNs),
      ctime: timespec(s.ctimeNs),
      id: `${s.dev}:${s.ino}`,
    };
  }
  readdir(names: Names): HostDirEntry[] {
    const entries = readdirSync(this.at(names), { withFileTypes: true, encoding: "buffer" });
    return entries.map((entry) => ({ name: entry.name.toString("latin1"), type: direntMode(entry) }));
  }
  readlink(names: Names): string {
    return readlinkSync(this.at(names), "buffer").toString("latin1");
  }
  read(names: Names, offset: number, into: Uint8Array): number {
    const fd = this.#files.get(Directory.key(names), () => this.at(names));
    let got = 0;
    while (got < into.length) {
      const n = readSync(fd, into, got, into.length - got, offset + got);
      if (n === 0) break;
      got += n;
    }
    return got;
  }
  /** A name goes away or comes to mean another file. */
  changed(...paths: Names[]): void {
    for (const names of paths) this.#files.forget(Directory.key(names));
  }
}

const writer = (dir: Directory): HostWriter => ({
  write: (path, offset, bytes) =>
    attempt(() => {
      const fd = openSync(dir.at(path), constants.O_WRONLY | constants.O_NOFOLLOW);
      try {
        return writeSync(fd, bytes, 0, bytes.length, offset);
      } finally {
        closeSync(fd);
      }
    }),
  truncate: (path, size) => done(() => truncateSync(dir.at(path), size)),
  create: (path, mode) =>
    done(() => closeSync(openSync(dir.at(path), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode))),
  mkdir: (path, mode) => done(() => mkdirSync(dir.at(path), mode)),
  symlink: (path, target) => done(() => symlinkSync(Buffer.from(target, "latin1"), dir.at(path))),
  link: (from, to) => done(() => linkSync(dir.at(from), dir.at(to))),
  unlink: (path) => {
    dir.changed(path);
    return done(() => unlinkSync(dir.at(path)));
  },
  rmdir: (path) => done(() => rmdirSync(dir.at(path))),
  rename: (from, to) => {
    dir.changed(from, to);
    return done(() => renameSync(dir.at(from), dir.at(to)));
  },
  chmod: (path, mode) => done(() => chmodSync(dir.at(path), mode)),
  chown: (path, uid, gid) => done(() => chownSync(dir.at(path), uid, gid)),
  utimes: (path, atime, mtime) => done(() => utimesSync(dir.at(path), seconds(atime), seconds(mtime))),
});

/** The directory `path` of this host; with `writable` the guest's changes reach it. Throws if there is no such directory. */
export const nodeTree = (path: string, options: { readonly writable?: boolean } = {}): HostTree => {
  const dir = new Directory(path);
  return {
    lstat: (names) => attempt(() => dir.lstat(names)),
    readdir: (names) => attempt(() => dir.readdir(names)),
    readlink: (names) => attempt(() => dir.readlink(names)),
    read: (names, offset, into) => attempt(() => dir.read(names, offset, into)),
    ...(options.writable ? { write: writer(dir) } : {}),
  };
};
