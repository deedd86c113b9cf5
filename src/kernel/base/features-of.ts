// The features of a kernel with all their members. The kernel itself knows a few of them only, so that its
// type does not lead to all rooms.
import type { Feature } from "../feature.ts";
import type { Kernel } from "../kernel.ts";

/** The features of a kernel. */
export const featuresOf = (kernel: Kernel): readonly Feature[] => kernel.features as readonly Feature[];
