// Bytes of objects of System V IPC, as src/kernel/base/sizes.ts has those of the core.

/** Bytes by kind of object. */
export const ownSizes = {
  /** An object besides its semaphores or messages. */
  ipcObject: 1024,
  /**
   * One of: a semaphore of a set; a message of a queue, without its bytes; a process's undo values of a set,
   * without their bytes.
   */
  semaphore: 64,
  ipcMessage: 384,
  semaphoreUndo: 512,
} as const;
