// A process as a file, readable after its end. man 2 pidfd_open; Linux fs/pidfs.c.

import type { WaitQueue } from "../base/wait.ts";
import { FileDescription, POLLIN, POLLRDNORM } from "../fs/vfs/file.ts";
import { install } from "../fs/vfs/install.ts";
import { O_RDWR } from "../fs/vfs/open-flags.ts";
import type { Process } from "./process.ts";
import type { Task } from "./task.ts";

/** The file of pidfd_open(2). PIDFD_NONBLOCK is O_NONBLOCK: waitid returns EAGAIN instead of waiting. */
export class Pidfd extends FileDescription {
  readonly process: Process;
  constructor(task: Task, process: Process, flags: number) {
    const path = task.kernel.vfs.anonymous(task, "[pidfd]");
    super(path.dentry.inode, O_RDWR | flags, path);
    this.process = process;
  }
  override poll(): number {
    return this.process.ended === undefined ? 0 : POLLIN | POLLRDNORM;
  }
  override queues(): readonly WaitQueue[] {
    return [this.process.endEvents];
  }
  override info(): string {
    return `Pid:\t${this.process.ended === undefined || this.process.parent?.children.has(this.process) ? this.process.pid : -1}\nNSpid:\t${this.process.pid}\n`;
  }
}

/** A new descriptor for a process, close-on-exec, or -errno. */
export const installPidfd = (task: Task, process: Process, flags = 0): number => install(task, new Pidfd(task, process, flags), true);
