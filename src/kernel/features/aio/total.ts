// The requests of all contexts of io_setup(2), and their limit. /proc/sys/fs/aio-nr, aio-max-nr.
import { Part } from "../../base/part.ts";
import type { Kernel } from "../../core/kernel.ts";
import { field } from "../../fs/proc/sysctl/setting.ts";
import type { FixedTree } from "../../fs/proc/tree/fixed-tree.ts";

/** Numbers of requests. */
export interface AioTotal {
  nr: number;
  max: number;
}
const part = new Part<Kernel, AioTotal>("aio");
/** The numbers of a kernel. */
export const aioTotal = (kernel: Kernel): AioTotal => part.make(kernel, () => ({ nr: 0, max: 0x1_0000 }));

/** The files in /proc/sys/fs. */
export const aioSettings = (kernel: Kernel): FixedTree => ({
  "aio-max-nr": field(() => aioTotal(kernel), "max", { min: 0, max: 2 ** 52 }),
  "aio-nr": { read: () => `${aioTotal(kernel).nr}\n` },
});
