// Where a task stands in the file tree: root, working directory, umask. Shared by CLONE_FS. man 2 clone.
import type { Path } from "./dentry.ts";

export class FsContext {
  root: Path;
  cwd: Path;
  umask: number;
  constructor(root: Path, cwd: Path, umask = 0o022) {
    this.root = root;
    this.cwd = cwd;
    this.umask = umask;
  }
  clone(): FsContext {
    return new FsContext(this.root, this.cwd, this.umask);
  }
}
