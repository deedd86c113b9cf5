// Page faults that a program serves. man 2 userfaultfd.
import { userfaultCalls } from "../../calls/memory/userfault.ts";
import type { Feature } from "../feature.ts";

/** The feature. /dev/userfaultfd stays. */
export const userfaultfd: Feature = {
  name: "userfaultfd",
  config: "USERFAULTFD HAVE_ARCH_USERFAULTFD_WP HAVE_ARCH_USERFAULTFD_MINOR",
  calls: () => userfaultCalls,
};
