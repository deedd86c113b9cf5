// A connection with the outside world: the foreign end of a TCP connection of the machine, joined to a
// connection of the host. Bytes, the ends of both directions and resets pass. A full side stops the other
// one.
import { E } from "../../../abi/errno.ts";
import { SHUT } from "../../../abi/uapi/socket.ts";
import type { Sleeper } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import type { HostLink } from "../host-network.ts";
import { NO_CRED } from "../socket.ts";
import type { TcpSocket } from "../tcp.ts";

/** Bytes that are given to the host at a time. */
const PIECE = 65_536;
/** A foreign end never waits, so that its calls need no task. */
const NOBODY = undefined as unknown as Task;

/** The foreign end. It reads and writes when the socket or the host can. */
export class Bridge implements Sleeper {
  private readonly _id: number;
  readonly end: TcpSocket;
  /** A copy of the machine has none. */
  private readonly _link: HostLink | undefined;
  private readonly _bridges: Map<number, Bridge>;
  /** Bytes of the host that the machine has no room for. */
  private _held: Uint8Array | undefined;
  /** The host wants no more bytes for now. */
  private _full = false;
  /** The machine's end, and the host's, sent all that they had. */
  private _sent = false;
  private _received = false;
  /** The host's end was passed on. */
  private _finished = false;
  private _over = false;
  private _working = false;
  private _again = false;

  /** `end` is held. `bridges`: all of the uplink, by id. */
  constructor(id: number, end: TcpSocket, link: HostLink, bridges: Map<number, Bridge>) {
    this._id = id;
    this.end = end;
    this._link = link;
    this._bridges = bridges.set(id, this);
    for (const queue of [end.readQueue, end.writeQueue]) queue.sleepers.add(this);
  }

  /** Called when the end can be read or written, or has failed. It may come from within its own work. */
  wake(): void {
    this._again = true;
    if (this._working) return;
    this._working = true;
    while (this._again && !this._over) {
      this._again = false;
      this._pass();
    }
    this._working = false;
  }
  private _pass(): void {
    if (!this._passOut() || !this._passIn()) {
      this._link?.reset(this._id);
      this._leave();
    } else if (this._sent && this._finished) this._leave();
  }
  /** From the machine to the host. False: the connection has failed. */
  private _passOut(): boolean {
    while (!this._full && !this._sent) {
      const got = this.end.receive(NOBODY, PIECE, false);
      if (got === -E.EAGAIN) return true;
      if (typeof got === "number") return false;
      if (got) this._full = this._link?.write(this._id, got.bytes) === false;
      else {
        this._sent = true;
        this._link?.end(this._id);
      }
    }
    return true;
  }
  /** From the host to the machine. */
  private _passIn(): boolean {
    while (this._held) {
      const bytes = this._held;
      const n = this.end.send(NOBODY, { bytes, rights: [], cred: NO_CRED, from: "" }, undefined);
      if (n === -E.EAGAIN) return true;
      if (n < 0) return false;
      this._held = n < bytes.length ? bytes.subarray(n) : undefined;
      if (!this._held) this._link?.resume(this._id);
    }
    if (this._received && !this._finished && this.end.state === "open") {
      this._finished = true;
      this.end.shutdown(SHUT.WR);
    }
    return this.end.error === 0;
  }

  /** Bytes of the host. */
  bytes(bytes: Uint8Array): void {
    if (this._held) throw new Error("the host sent more bytes than were asked for");
    this._held = bytes;
    this.wake();
  }
  /** The host's side sends no more. */
  ended(): void {
    this._received = true;
    this.wake();
  }
  /** The host takes bytes again. */
  ready(): void {
    this._full = false;
    this.wake();
  }
  /** The host's connection is gone: a reset, unless both sides had ended. */
  failed(): void {
    if (this._over) return;
    this.end.linger = 0;
    this._leave();
  }
  /** The machine ends: the host gets all bytes that were sent, and their end. */
  flush(): void {
    while (!this._over && !this._sent) {
      this._full = false;
      if (!this._passOut()) break;
      if (this._sent) break;
      this._sent = true;
      this._link?.end(this._id);
    }
  }
  private _leave(): void {
    if (this._over) return;
    this._over = true;
    for (const queue of [this.end.readQueue, this.end.writeQueue]) queue.sleepers.delete(this);
    this.end.drop();
    this._bridges.delete(this._id);
  }
}
