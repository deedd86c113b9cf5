// Asynchronous I/O of Linux 2.6. man 2 io_setup.
import type { Feature } from "../../core/feature.ts";
import { aioCalls } from "./aio.ts";
import { aioSettings } from "./total.ts";

/** The feature. */
export const aio: Feature = {
  name: "aio",
  config: "AIO",
  calls: () => aioCalls,
  sysctls: (kernel) => ({ fs: aioSettings(kernel) }),
};
