// Segments, semaphores and queues of System V. man 7 sysvipc. Its objects are in src/kernel/ipc.
import { ipcCalls } from "../../calls/ipc/ipc.ts";
import { msgCalls } from "../../calls/ipc/msg.ts";
import { semCalls } from "../../calls/ipc/sem.ts";
import { shmCalls } from "../../calls/ipc/shm.ts";
import { undoPart } from "../../ipc/undo.ts";
import type { Feature } from "../feature.ts";

/** The feature. */
export const systemVIpc: Feature = {
  name: "System V IPC",
  calls: () => [...shmCalls, ...semCalls, ...msgCalls, ...ipcCalls],
  taskPart: undoPart,
};
