// The type of the file system of queues for mount(2). man 7 mq_overview.
import type { FileSystemType } from "../../fs/types/mountable.ts";
import { mqueueOf } from "./mqueue.ts";

/** The queues of the mounting task's IPC namespace. */
export const mqueueType: FileSystemType = { options: [], make: (t) => mqueueOf(t.kernel, t.namespaces.ipc), single: true };
