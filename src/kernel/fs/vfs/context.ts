// A task's root, working directory and umask. Tasks with CLONE_FS share it. man 2 clone; Linux struct
// fs_struct.
import type { Path } from "./dentry.ts";

declare module "../../core/task.ts" {
  interface TaskMembers {
    fs: FsContext;
  }
}

/** The file system context of tasks. `umask` has permission bits only. */
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
