// POSIX message queues. man 7 mq_overview. Its objects are in src/kernel/ipc.
import { mqueueCalls } from "../../calls/ipc/mqueue.ts";
import type { Feature } from "../feature.ts";

/** The feature. The file system stays: boots mount it at /dev/mqueue. */
export const mqueue: Feature = { name: "mqueue", calls: () => mqueueCalls };
