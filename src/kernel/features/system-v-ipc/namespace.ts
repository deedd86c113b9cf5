// The objects of System V IPC in an IPC namespace, and their limits. man 7 ipc_namespaces; Linux
// include/linux/ipc_namespace.h.
import type { NamespaceState } from "../../base/namespace-part.ts";
import { Part, type Parted } from "../../base/part.ts";
import type { Task } from "../../core/task.ts";
import { IpcIds } from "./ids.ts";
import type { Queue } from "./queue.ts";
import type { SharedSegment } from "./segment.ts";
import type { SemaphoreSet } from "./semaphores.ts";

/** ULONG_MAX - (1 << 24). Linux uapi linux/shm.h SHMMAX, SHMALL. */
const UNLIMITED = 2n ** 64n - 1n - (1n << 24n);

/** The objects of one namespace. The limits are the sysctls of man 5 proc_sys_kernel. */
export class SystemV implements NamespaceState {
  readonly shm = new IpcIds<SharedSegment>();
  readonly sem = new IpcIds<SemaphoreSet>();
  readonly msg = new IpcIds<Queue>();
  shmmax = UNLIMITED;
  shmall = UNLIMITED;
  shmmni = 4096;
  shmRmidForced = 0;
  /** The pages of all segments. */
  shmPages = 0;
  /** SEMMSL, SEMMNS, SEMOPM, SEMMNI. */
  sems: readonly [number, number, number, number] = [32000, 1_024_000_000, 500, 32000];
  /** The semaphores of all sets. */
  semaphores = 0;
  msgmax = 8192;
  msgmnb = 16384;
  msgmni = 32000;
  /** The messages of all queues, and their bytes. */
  messages = 0;
  messageBytes = 0;

  /**
   * Ends all objects when nothing leads to the namespace any more. Mapped segments end with their last
   * mapping.
   */
  end(): void {
    for (const ids of [this.shm, this.sem, this.msg]) {
      for (const object of ids.all()) {
        (ids as IpcIds<typeof object>).remove(object);
        object.end();
      }
    }
  }
}

const part = new Part<Parted, SystemV>("System V IPC");
/** The objects of a task's IPC namespace, from their first use on. */
export const systemVOf = (t: Task): SystemV => part.make(t.namespaces.ipc, () => new SystemV());
