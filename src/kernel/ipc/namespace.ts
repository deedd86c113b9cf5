// IPC namespaces: the objects of System V IPC and their limits. man 7 ipc_namespaces; Linux
// include/linux/ipc_namespace.h.
import type { UserNamespace } from "../cred/user-namespace.ts";
import type { Kernel } from "../kernel.ts";
import { IpcIds } from "./ids.ts";
import type { MqueueFs } from "./mqueue.ts";
import type { Queue } from "./msg.ts";
import type { SemaphoreSet } from "./sem.ts";
import type { Segment } from "./shm.ts";

/** ULONG_MAX - (1 << 24). Linux uapi linux/shm.h SHMMAX, SHMALL. */
const UNLIMITED = 2n ** 64n - 1n - (1n << 24n);

/** One IPC namespace. The limits are the sysctls of man 5 proc_sys_kernel. */
export class IpcNamespace {
  readonly owner: UserNamespace | undefined;
  readonly kernel: Kernel;
  readonly shm = new IpcIds<Segment>();
  readonly sem = new IpcIds<SemaphoreSet>();
  readonly msg = new IpcIds<Queue>();
  /** POSIX message queues, from their first use on. */
  mqueue: MqueueFs | undefined = undefined;
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

  constructor(kernel: Kernel, owner: UserNamespace | undefined) {
    this.kernel = kernel;
    this.owner = owner;
  }

  /**
   * Ends all objects when nothing leads to the namespace any more. Mapped segments end with their last
   * mapping.
   */
  end(): void {
    this.mqueue?.leave();
    for (const ids of [this.shm, this.sem, this.msg]) {
      for (const object of ids.all()) {
        (ids as IpcIds<typeof object>).remove(object);
        object.end();
      }
    }
  }
}
