// The owner of an open file: the receiver of its SIGIO. man 2 fcntl, "Managing signals"; Linux fs/fcntl.c
// f_setown(), send_sigio(), kill_fasync().
import type { Sleeper } from "../base/wait.ts";
import { type FileDescription, POLLIN, POLLOUT, POLLRDNORM, POLLWRBAND, POLLWRNORM } from "../fs/vfs/file.ts";
import type { Kernel } from "../kernel.ts";
import { SI, type SigInfo } from "../signal/info.ts";
import { sendToGroup, sendToProcess, sendToTask } from "../signal/send.ts";
import { SIG } from "../signal/set.ts";
import type { Task } from "./task.ts";

/** si_code and si_band of an event. Linux fs/fcntl.c band_table. */
export interface Band {
  readonly code: number;
  readonly band: number;
}
const IN: Band = { code: 1, band: POLLIN | POLLRDNORM };
const OUT: Band = { code: 2, band: POLLOUT | POLLWRNORM | POLLWRBAND };

/** Sends the file's signal: SIGIO without details, or that of F_SETSIG with them. */
export const tellOwner = (kernel: Kernel, file: FileDescription, event: Band): void => {
  const { owner, signal, signalFd } = file;
  if (owner.pid === 0) return;
  const info: SigInfo =
    signal === 0 ? { signo: SIG.SIGIO, code: SI.KERNEL } : { signo: signal, code: event.code, band: event.band, fd: signalFd };
  if (owner.type === "group") sendToGroup(kernel, owner.pid, info);
  else if (owner.type === "thread") {
    const task = kernel.tasks.get(owner.pid);
    if (task) sendToTask(task, info);
  } else {
    const process = kernel.processes.get(owner.pid);
    if (process) sendToProcess(process, info);
  }
};

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
