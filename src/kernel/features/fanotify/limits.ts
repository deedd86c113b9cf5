// The limits of fanotify, and all groups. /proc/sys/fs/fanotify.

import type { Kernel } from "../../core/kernel.ts";
import { watchPart } from "../../fs/files/watch-limits.ts";
import { watchSettings } from "../../fs/proc/sysctl/effective.ts";
import { type StoredTable, storedSettings } from "../../fs/proc/sysctl/stored.ts";
import type { FixedTree } from "../../fs/proc/tree/fixed-tree.ts";

const INT_MAX = 0x7fff_ffff;
/** The limits of a kernel. */
export const limitsOf = watchPart("fanotify");

const stored: StoredTable = { user: { max_fanotify_groups: [128, 0, INT_MAX], max_fanotify_marks: [8192, 0, INT_MAX] } };
/** The files in /proc/sys/fs/fanotify, and those in /proc/sys/user, which change nothing here. */
export const fanotifySettings = (kernel: Kernel): FixedTree => ({
  fs: {
    fanotify: watchSettings(() => limitsOf(kernel), {
      events: "max_queued_events",
      instances: "max_user_groups",
      watches: "max_user_marks",
    }),
  },
  user: storedSettings(stored, "user"),
});
