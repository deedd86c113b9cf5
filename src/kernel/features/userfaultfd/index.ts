// Page faults that a program serves. man 2 userfaultfd.
import { USERFAULTFD } from "../../../abi/uapi/devices.ts";
import type { Feature } from "../../core/feature.ts";
import { userfaultCalls } from "./calls.ts";
import { UserfaultDevice } from "./device.ts";
import { userfaultSettings } from "./rights.ts";

/** The feature. */
export const userfaultfd: Feature = {
  name: "userfaultfd",
  config: "USERFAULTFD HAVE_ARCH_USERFAULTFD_WP HAVE_ARCH_USERFAULTFD_MINOR",
  calls: () => userfaultCalls,
  devices: [
    {
      name: "userfaultfd",
      mode: 0o600,
      rdev: USERFAULTFD,
      open: (_task, inode, flags, path) => new UserfaultDevice(inode, flags, path),
    },
  ],
  sysctls: (kernel) => ({ vm: userfaultSettings(kernel) }),
};
