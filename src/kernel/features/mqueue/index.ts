// POSIX message queues. man 7 mq_overview.
import type { Feature } from "../../core/feature.ts";
import { mqueueCalls } from "./calls.ts";
import { mqueueType } from "./mount.ts";
import { mqueueOf } from "./mqueue.ts";
import { mqueueSettings } from "./proc.ts";

/** The feature. */
export const mqueue: Feature = {
  name: "mqueue",
  config: "POSIX_MQUEUE POSIX_MQUEUE_SYSCTL",
  calls: () => mqueueCalls,
  fileSystems: { mqueue: () => mqueueType },
  mounts: { "/dev/mqueue": (kernel) => mqueueOf(kernel, kernel.namespaces.ipc) },
  sysctls: () => ({ fs: { mqueue: mqueueSettings } }),
};
