// A kernel with its scheduler and, unless its owner gives others, all features.
import { mapVsyscallPage } from "../exec/vsyscall-page.ts";
import { features } from "../features/index.ts";
import { Kernel, type KernelOptions } from "../kernel.ts";
import { Scheduler } from "./scheduler.ts";

/** The options of a new kernel. Default of `features`: all. */
type Options = Omit<KernelOptions, "features" | "scheduler"> & Partial<Pick<KernelOptions, "features">>;

/** A new kernel. */
export const newKernel = (options: Options): Kernel => {
  if (options.profile.vsyscall === "emulate") mapVsyscallPage(options.frames);
  return new Kernel({ features, scheduler: (kernel) => new Scheduler(kernel), ...options });
};
