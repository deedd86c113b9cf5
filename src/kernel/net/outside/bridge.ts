// A connection with the outside world: the foreign end of a TCP connection of the machine, joined to a
// connection of the host. Bytes, the ends of both directions and resets pass. A full side stops the other
// one.
import { E } from "../../../abi/errno.ts";
import { SHUT } from "../../../abi/uapi/socket.ts";
import type { Sleeper } from "../../base/wait.ts";
import type { Task } from "../../task/task.ts";
import { NO_CRED } from "../socket.ts";
import type { TcpSocket } from "../tcp.ts";
import type { HostLink } from "./host-network.ts";

/** Bytes that are given to the host at a time. */
const PIECE = 65_536;
/** A foreign end never waits, so that its calls need no task. */
const NOBODY = undefined as unknown as Task;

/** The foreign end. It reads and writes when the socket or the host can. */
export class Bridge implements Sleeper {
  readonly #id: number;
  readonly #end: TcpSocket;
  readonly #link: HostLink;
  readonly #gone: () => void;
  /** Bytes of the host that the machine has no room for. */
  #held: Uint8Array | undefined;
  /** The host wants no more bytes for now. */
  #full = false;
  /** The machine's end, and the host's, sent all that they had. */
  #sent = false;
  #received = false;
  /** The host's end was passed on. */
  #finished = false;
  #over = false;
  #working = false;
  #again = false;

  /** `end` is held. `gone` is called when the connection has ended. */
  constructor(id: number, end: TcpSocket, link: HostLink, gone: () => void) {
    this.#id = id;
    this.#end = end;
    this.#link = link;
    this.#gone = gone;
    for (const queue of [end.readQueue, end.writeQueue]) queue.sleepers.add(this);
  }

  /** Called when the end can be read or written, or has failed. It may come from within its own work. */
  wake(): void {
    this.#again = true;
    if (this.#working) return;
    this.#working = true;
    while (this.#again && !this.#over) {
      this.#again = false;
      this.#pass();
    }
    this.#working = false;
  }
  #pass(): void {
    if (!this.#passOut() || !this.#passIn()) {
      this.#link.reset(this.#id);
      this.#leave();
    } else if (this.#sent && this.#finished) this.#leave();
  }
  /** From the machine to the host. False: the connection has failed. */
  #passOut(): boolean {
    while (!this.#full && !this.#sent) {
      const got = this.#end.receive(NOBODY, PIECE, false);
      if (got === -E.EAGAIN) return true;
      if (typeof got === "number") return false;
      if (got) this.#full = !this.#link.write(this.#id, got.bytes);
      else {
        this.#sent = true;
        this.#link.end(this.#id);
      }
    }
    return true;
  }
  /** From the host to the machine. */
  #passIn(): boolean {
    while (this.#held) {
      const bytes = this.#held;
      const n = this.#end.send(NOBODY, { bytes, rights: [], cred: NO_CRED, from: "" }, undefined);
      if (n === -E.EAGAIN) return true;
      if (n < 0) return false;
      this.#held = n < bytes.length ? bytes.subarray(n) : undefined;
      if (!this.#held) this.#link.resume(this.#id);
    }
    if (this.#received && !this.#finished && this.#end.state === "open") {
      this.#finished = true;
      this.#end.shutdown(SHUT.WR);
    }
    return this.#end.error === 0;
  }

  /** Bytes of the host. */
  bytes(bytes: Uint8Array): void {
    if (this.#held) throw new Error("the host sent more bytes than were asked for");
    this.#held = bytes;
    this.wake();
  }
  /** The host's side sends no more. */
  ended(): void {
    this.#received = true;
    this.wake();
  }
  /** The host takes bytes again. */
  ready(): void {
    this.#full = false;
    this.wake();
  }
  /** The host's connection is gone: a reset, unless both sides had ended. */
  failed(): void {
    if (this.#over) return;
    this.#end.linger = 0;
    this.#leave();
  }
  /** The machine ends: the host gets all bytes that were sent, and their end. */
  flush(): void {
    while (!this.#over && !this.#sent) {
      this.#full = false;
      if (!this.#passOut()) break;
      if (this.#sent) break;
      this.#sent = true;
      this.#link.end(this.#id);
    }
  }
  #leave(): void {
    if (this.#over) return;
    this.#over = true;
    for (const queue of [this.#end.readQueue, this.#end.writeQueue]) queue.sleepers.delete(this);
    this.#end.drop();
    this.#gone();
  }
}
