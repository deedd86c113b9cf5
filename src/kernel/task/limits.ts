// The limits of a process as the memory floor uses them: a live view. man 2 getrlimit.
import type { Limits } from "../../memory/limits.ts";
import { RLIMIT, type Rlimit } from "../base/rlimit.ts";
import type { Process } from "../core/process.ts";
import { CAP, capable } from "../cred/cred.ts";

/** The limits of a process as its address space sees them. */
export class ProcessLimits implements Limits {
  private readonly _process: Process;
  constructor(process: Process) {
    this._process = process;
  }
  get as(): number {
    return (this._process.limits[RLIMIT.AS] as Rlimit).soft;
  }
  get data(): number {
    return (this._process.limits[RLIMIT.DATA] as Rlimit).soft;
  }
  get stack(): number {
    return this._process.limit(RLIMIT.STACK);
  }
  get memlock(): number {
    return this._process.limit(RLIMIT.MEMLOCK);
  }
  get ipcLock(): boolean {
    return capable(this._process.leader.cred, CAP.IPC_LOCK);
  }
  get rawIo(): boolean {
    return capable(this._process.leader.cred, CAP.SYS_RAWIO);
  }
}

/** The live view of a process's limits. */
export const processLimits = (process: Process): Limits => new ProcessLimits(process);
