// The owner of an open file: the receiver of its SIGIO. man 2 fcntl, "Managing signals"; Linux fs/fcntl.c
// f_setown(), send_sigio(), kill_fasync().

import type { Kernel } from "../../core/kernel.ts";
import { sendToGroup, sendToProcess, sendToTask } from "../../signal/send.ts";
import { SI, type SigInfo } from "../../signal/state/info.ts";
import { SIG } from "../../signal/state/set.ts";
import type { FileDescription } from "./file.ts";

/** si_code and si_band of an event. Linux fs/fcntl.c band_table. */
export interface Band {
  readonly code: number;
  readonly band: number;
}

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
