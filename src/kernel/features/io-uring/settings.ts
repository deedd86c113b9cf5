// Settings of io_uring in /proc/sys/kernel, which change nothing here.
// Documentation/admin-guide/sysctl/kernel.rst.
import { type StoredTable, storedSettings } from "../../fs/proc/sysctl/stored.ts";

const stored: StoredTable = { kernel: { io_uring_disabled: [0, 0, 2], io_uring_group: [-1, -1, 0x7fff_ffff] } };
/** The files. */
export const uringSettings = (): ReturnType<typeof storedSettings> => storedSettings(stored, "kernel");
