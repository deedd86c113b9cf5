// Segments, semaphores and queues of System V. man 7 sysvipc.
import type { Feature } from "../../core/feature.ts";
import { ipcCalls } from "./ipc.ts";
import { msgCalls } from "./msg.ts";
import { ipcSysctls, sysvipcFiles } from "./proc.ts";
import { semCalls } from "./sem.ts";
import { shmCalls } from "./shm.ts";
import { undoPart } from "./undo.ts";

/** The feature. */
export const systemVIpc: Feature = {
  name: "System V IPC",
  config: "SYSVIPC SYSVIPC_SYSCTL",
  calls: () => [...shmCalls, ...semCalls, ...msgCalls, ...ipcCalls],
  procFiles: () => ({ sysvipc: sysvipcFiles }),
  sysctls: () => ({ kernel: ipcSysctls }),
  taskPart: undoPart,
};
