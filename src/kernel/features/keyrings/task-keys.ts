// The keyrings of a task: session, process, thread, and the authorisation to construct a key. man 7
// session-keyring, process-keyring, thread-keyring; Linux kernel/cred.c copy_creds(), prepare_exec_creds().
import { KEY_ALL, KEY_NEED, KEY_REQKEY_DEFL, possessor, user } from "../../../abi/uapi/keyctl.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import type { Cred } from "../../cred/cred.ts";
import type { Key } from "./key.ts";
import type { Keyring } from "./keyring.ts";
import { type Keys, keysOf } from "./keys.ts";
import { keysPart } from "./part.ts";

/** The slots for keys. `authority` is the key of KEYCTL_ASSUME_AUTHORITY. */
interface Held {
  session: Keyring;
  process: Keyring;
  thread: Keyring;
  authority: Key;
}
const slots = ["session", "process", "thread", "authority"] as const satisfies readonly (keyof Held)[];

/** Ids and keyrings that a search uses: those of a task, or of one that waits for a key. */
export interface KeySubject {
  readonly cred: Cred;
  readonly keys: TaskKeys | undefined;
}

/** The keyrings that a task holds. */
export class TaskKeys {
  private readonly _held: Partial<Held> = {};
  /** KEYCTL_SET_REQKEY_KEYRING. */
  defaultRing: number = KEY_REQKEY_DEFL.DEFAULT;

  get session(): Keyring | undefined {
    return this._held.session;
  }
  get process(): Keyring | undefined {
    return this._held.process;
  }
  get thread(): Keyring | undefined {
    return this._held.thread;
  }
  get authority(): Key | undefined {
    return this._held.authority;
  }
  /** Puts a key into a slot, with a use of it. */
  set<S extends keyof Held>(slot: S, key: Held[S] | undefined): void {
    key?.hold();
    const old = this._held[slot];
    if (key) this._held[slot] = key;
    else delete this._held[slot];
    old?.drop();
  }

  copy(): TaskKeys {
    const copy = new TaskKeys();
    copy.defaultRing = this.defaultRing;
    for (const slot of slots) copy.set(slot, this._held[slot] as never);
    return copy;
  }
  /**
   * The keyrings of a new task. A thread shares the process keyring. It gets a thread keyring if its maker
   * has one.
   */
  child(kernel: Kernel, cred: Cred, isThread: boolean): TaskKeys {
    const child = this.copy();
    if (!isThread) child.set("process", undefined);
    if (!this.thread) return child;
    child.set("thread", undefined);
    if (isThread) installOwn(keysOf(kernel), child, cred, "thread");
    return child;
  }
  /** execve(2): the new program has the session. */
  execute(): void {
    this.set("thread", undefined);
    this.set("process", undefined);
  }
  /** The file-system ids have changed. Linux key_fsuid_changed(). */
  follow({ fsuid, fsgid }: Cred, before: Cred): void {
    const { thread } = this;
    if (thread && fsuid !== before.fsuid) thread.uid = fsuid;
    if (thread && fsgid !== before.fsgid) thread.gid = fsgid;
  }
  end(): void {
    for (const slot of slots) this.set(slot, undefined);
  }
}

/** The task's keys, made if it has none. */
export const taskKeys = (task: Task): TaskKeys => keysPart.make(task, () => new TaskKeys());
/** A task as the subject of a search. */
export const subjectOf = (task: Task): KeySubject => ({ cred: task.cred, keys: keysPart.of(task) });

/** Makes a missing thread or process keyring: 0 or -errno. Linux install_thread_keyring_to_cred(). */
export const installOwn = (keys: Keys, held: TaskKeys, { uid, gid }: Cred, slot: "thread" | "process"): number => {
  if (held[slot]) return 0;
  const perm = (possessor(KEY_ALL) | user(KEY_NEED.VIEW)) >>> 0;
  const ring = keys.keyring(slot === "thread" ? "_tid" : "_pid", { uid, gid, perm, quota: "overrun" });
  if (typeof ring === "number") return ring;
  held.set(slot, ring);
  ring.drop();
  return 0;
};
