// O_ASYNC: signals to the owner of an open file. man 2 fcntl; Linux fs/fcntl.c kill_fasync().
import type { Sleeper } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { type FileDescription, POLLIN, POLLOUT, POLLRDNORM, POLLWRBAND, POLLWRNORM } from "./file.ts";
import { type Band, tellOwner } from "./owner.ts";

const IN: Band = { code: 1, band: POLLIN | POLLRDNORM };
const OUT: Band = { code: 2, band: POLLOUT | POLLWRNORM | POLLWRBAND };

/** O_ASYNC: the owner is told when the file may be read or written. */
export class AsyncFile implements Sleeper {
  private readonly _file: FileDescription;
  private readonly _task: Task;
  constructor(task: Task, file: FileDescription) {
    this._task = task;
    this._file = file;
    for (const queue of file.queues(POLLIN | POLLOUT)) queue.sleepers.add(this);
  }
  wake(): void {
    const mask = this._file.poll(this._task);
    if ((mask & POLLIN) !== 0) tellOwner(this._task.kernel, this._file, IN);
    else if ((mask & POLLOUT) !== 0) tellOwner(this._task.kernel, this._file, OUT);
  }
  end(): void {
    for (const queue of this._file.queues(POLLIN | POLLOUT)) queue.sleepers.delete(this);
  }
}
