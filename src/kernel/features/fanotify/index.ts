// Events and permissions of files, mounts and file systems. man 7 fanotify.
import type { Feature } from "../../core/feature.ts";
import { fanotifyCalls } from "./calls.ts";
import { fanotifySettings } from "./limits.ts";

/** The feature. */
export const fanotify: Feature = {
  name: "fanotify",
  config: "FANOTIFY FANOTIFY_ACCESS_PERMISSIONS",
  calls: () => fanotifyCalls,
  sysctls: (kernel) => fanotifySettings(kernel),
};
