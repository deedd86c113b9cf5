// Keys that authorise the construction of another key. Linux security/keys/request_key_auth.c.
import type { Process } from "../../core/process.ts";
import type { Task } from "../../core/task.ts";
import { Key } from "./key.ts";
import type { Keyring } from "./keyring.ts";
import type { KeySubject } from "./task-keys.ts";

/** The data of an authorisation. Linux struct request_key_auth. */
export interface Authority {
  readonly target: Key;
  readonly destination: Keyring | undefined;
  /** The ids and keyrings of the task that has asked for the key. */
  readonly requester: KeySubject;
  readonly process: Process;
}

/** The key; its payload is the information for the program that constructs the target. */
export class AuthorityKey extends Key {
  /** Undefined after a revocation. It has a use of the target, the destination and the keyrings. */
  authority: Authority | undefined = undefined;

  override describe(reader: Task): string {
    if (!this.authority) return "";
    const pid = reader.pidNs.numberOf(this.authority.process.pid);
    return `key:${this.description} pid:${pid} ci:${this.payload?.length ?? 0}`;
  }
  override clear(): void {
    super.clear();
    const { authority } = this;
    this.authority = undefined;
    authority?.target.drop();
    authority?.destination?.drop();
    authority?.requester.keys?.end();
  }
}
/** The authorisation in a key, or undefined. */
export const authorityOf = (key: Key | undefined): Authority | undefined => (key instanceof AuthorityKey ? key.authority : undefined);
