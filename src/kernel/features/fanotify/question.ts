// A permission event of fanotify: a call waits for the group's answer. Linux fs/notify/fanotify/fanotify.c
// fanotify_get_response().
import { WaitQueue } from "../../base/wait.ts";
import type { Question } from "../../fs/vfs/notify.ts";
import type { FanotifyFile } from "./group.ts";

/** A permission event. */
export class PermissionEvent implements Question {
  readonly answered = new WaitQueue();
  denied: boolean | undefined = undefined;
  /** The descriptor under which it was read. */
  fd: number | undefined = undefined;
  /** The call that asks has ended. */
  cancelled = false;
  private readonly _group: FanotifyFile;
  constructor(group: FanotifyFile) {
    this._group = group;
  }
  answer(denied: boolean): void {
    this.denied ??= denied;
    this.answered.wake();
  }
  cancel(): void {
    if (this.denied !== undefined) return;
    this.cancelled = true;
    this._group.withdraw(this);
  }
}
