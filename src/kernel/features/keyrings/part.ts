// The keyrings as a part of a task. Linux kernel/cred.c copy_creds(), prepare_exec_creds().
import { CLONE } from "../../../abi/uapi/sched.ts";
import { TaskPart } from "../../core/task-part.ts";
import type { TaskKeys } from "./task-keys.ts";

/** The keyrings of a task, once it has one. */
export const keysPart = new TaskPart<TaskKeys>("keyrings", {
  fork: (keys, child, parent, flags) => {
    const made = keys?.child(child.kernel, child.cred, (flags & CLONE.THREAD) !== 0);
    if (child.cred.userNs !== parent.cred.userNs) made?.set("authority", undefined);
    return made;
  },
  exec: (keys, task, cred) => {
    keys.follow(cred, task.cred);
    keys.execute();
    return keys;
  },
  cred: (keys, task, now) => {
    keys.follow(now, task.cred);
    if (now.userNs !== task.cred.userNs) keys.set("authority", undefined);
  },
  exit: (keys) => keys.end(),
});
