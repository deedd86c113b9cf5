// /proc/PID/pagemap: eight bytes for each page of a process. Linux fs/proc/task_mmu.c pagemap_read().
import { E } from "../../../abi/errno.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { pagemap } from "../../../memory/show/pagemap.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import type { Or } from "../vfs/inode.ts";
import { MemoryFile } from "./memory-file.ts";

const ENTRY = 8;

/** An open /proc/PID/pagemap. Offsets and lengths are multiples of an entry's eight bytes. */
export class PagemapFile extends MemoryFile {
  override read(task: Task, n: number, at: number): Or<Uint8Array> {
    if (at % ENTRY !== 0 || n % ENTRY !== 0) return -E.EINVAL;
    const from = (at / ENTRY) * PAGE_SIZE;
    const to = Math.min(from + (n / ENTRY) * PAGE_SIZE, this.mem.layout.taskSize);
    if (to <= from) return new Uint8Array(0);
    task.kernel.charge(((to - from) / PAGE_SIZE) * cost.page);
    return new Uint8Array(pagemap(this.mem, from, to, capable(task.cred, CAP.SYS_ADMIN)).buffer);
  }
}
