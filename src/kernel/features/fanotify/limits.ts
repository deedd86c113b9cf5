// The limits of fanotify, and all groups. /proc/sys/fs/fanotify.
import { Part } from "../../base/part.ts";
import { WatchLimits } from "../../fs/files/watch-limits.ts";
import type { FixedTree } from "../../fs/proc/fixed-tree.ts";
import { watchSettings } from "../../fs/proc/sysctl/effective.ts";
import type { Kernel } from "../../kernel.ts";

const part = new Part<Kernel, WatchLimits>("fanotify");
/** The limits of a kernel. */
export const limitsOf = (kernel: Kernel): WatchLimits =>
  part.make(kernel, () => {
    const limits = new WatchLimits();
    kernel.watchers.add(limits);
    return limits;
  });

/** The files in /proc/sys/fs/fanotify. */
export const fanotifySettings = (kernel: Kernel): FixedTree =>
  watchSettings(() => limitsOf(kernel), { events: "max_queued_events", instances: "max_user_groups", watches: "max_user_marks" });
