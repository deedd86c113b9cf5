// io_uring: submissions and completions in shared memory. man 7 io_uring.
import type { Feature } from "../../core/feature.ts";
import { ownOperations } from "./native-operations.ts";
import { networkOperations } from "./network.ts";
import { callOperations } from "./operations.ts";
import { ringsPart } from "./part.ts";
import { uringSettings } from "./settings.ts";
import { uringCalls } from "./uring.ts";

/** The feature. */
export const ioUring: Feature = {
  name: "io_uring",
  config: "IO_URING",
  sysctls: () => ({ kernel: uringSettings() }),
  calls: () => uringCalls,
  taskPart: ringsPart,
  constants: () => ({ callOperations, networkOperations, ownOperations }),
};
