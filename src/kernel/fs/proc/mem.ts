// /proc/PID/mem: the memory of a process as a file. Linux fs/proc/base.c mem_rw().
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { zeros } from "../vfs/file.ts";
import type { Or } from "../vfs/inode.ts";
import { MemoryFile } from "./memory-file.ts";

/** An open /proc/PID/mem. After the end or an execve(2) of the target it gives no access. */
export class ProcMemFile extends MemoryFile {
  private _gone(): boolean {
    return this.target.state === "dead" || this.target.mem !== this.mem;
  }
  override read(_task: Task, n: number, at: number, into?: Uint8Array): Or<Uint8Array> {
    if (this._gone()) return new Uint8Array(0);
    const bytes = zeros(n, into);
    const got = this.mem.peek(at, bytes);
    return got === 0 && n > 0 ? -E.EIO : bytes.subarray(0, got);
  }
  override get copies(): boolean {
    return true;
  }
  override write(_task: Task, bytes: Uint8Array, at: number): number {
    if (this._gone()) return 0;
    return this.mem.poke(at, bytes) || (bytes.length > 0 ? -E.EIO : 0);
  }
}
