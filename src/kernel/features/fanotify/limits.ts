// The limits of fanotify, and all groups. /proc/sys/fs/fanotify.
import { Part } from "../../base/part.ts";
import { WatchLimits } from "../../fs/files/watch-limits.ts";
import type { FixedTree } from "../../fs/proc/fixed-tree.ts";
import { watchSettings } from "../../fs/proc/sysctl/effective.ts";
import { type StoredTable, storedSettings } from "../../fs/proc/sysctl/stored.ts";
import type { Kernel } from "../../kernel.ts";

const INT_MAX = 0x7fff_ffff;
const part = new Part<Kernel, WatchLimits>("fanotify");
/** The limits of a kernel. */
export const limitsOf = (kernel: Kernel): WatchLimits =>
  part.make(kernel, () => {
    const limits = new WatchLimits();
    kernel.watchers.add(limits);
    return limits;
  });

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
