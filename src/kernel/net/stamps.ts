// Times of arrival: SO_TIMESTAMP and its relatives, SIOCGSTAMP. man 7 socket; Documentation/networking/
// timestamping.rst; Linux net/socket.c __sock_recv_timestamp(), net/core/sock.c sock_set_timestamp().
import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import type { Timespec } from "../base/time.ts";
import type { Task } from "../core/task.ts";
import type { Inode } from "../fs/vfs/inode.ts";
import { SO, SOL } from "./options/numbers.ts";
import type { Options } from "./options/options.ts";
import { INT, pair } from "./options/row.ts";
import type { ControlNote } from "./socket.ts";

/** SOF_TIMESTAMPING_*: software times are taken at arrival; they are shown. uapi linux/net_tstamp.h. */
const STAMPING = { RX_SOFTWARE: 1 << 3, SOFTWARE: 1 << 4, OPT_RX_FILTER: 1 << 17 } as const;

/** The options by the unit of the time, and if they have 64 bits in all ABIs. */
const simple: Readonly<Record<number, { readonly unit: "us" | "ns"; readonly wide: boolean }>> = {
  [SO.TIMESTAMP]: { unit: "us", wide: false },
  [SO.TIMESTAMPNS]: { unit: "ns", wide: false },
  [SO.TIMESTAMP_NEW]: { unit: "us", wide: true },
  [SO.TIMESTAMPNS_NEW]: { unit: "ns", wide: true },
};

const timeBytes = ({ sec, nsec }: Timespec, unit: "us" | "ns", word: 4 | 8): Uint8Array => {
  const bytes = new Uint8Array(2 * word);
  const v = new DataView(bytes.buffer);
  const second = unit === "us" ? Math.floor(nsec / 1000) : nsec;
  if (word === 8) {
    v.setBigInt64(0, BigInt(sec), true);
    v.setBigInt64(8, BigInt(second), true);
  } else {
    v.setInt32(0, sec | 0, true);
    v.setInt32(4, second, true);
  }
  return bytes;
};

/** The times of one socket. */
export class Stamps {
  private readonly _options: Options;
  private readonly _socket: { readonly inode: Inode };
  private _unit: "us" | "ns" | undefined = undefined;
  private _wide = false;
  /** SIOCGSTAMP was asked for. */
  private _asked = false;
  /** The time of the last message; "none" before the first one, "unknown" if it was not taken. */
  private _last: Timespec | "none" | "unknown" = "none";

  constructor(options: Options, socket: { readonly inode: Inode }) {
    this._options = options;
    this._socket = socket;
  }
  private _now(): Timespec {
    return this._socket.inode.fs.clock.realtime();
  }
  private _flags(): number {
    return this._options.get(SOL.SOCKET, SO.TIMESTAMPING) ?? 0;
  }
  /** The time of a message that arrives, if the socket asks for it. */
  arrival(): Timespec | undefined {
    return this._unit || this._asked || (this._flags() & STAMPING.RX_SOFTWARE) !== 0 ? this._now() : undefined;
  }
  /** A message is received. Linux sock_recv_timestamp(). */
  seen(time: Timespec | undefined): void {
    this._last = time ?? (this._asked || this._last === "none" ? "unknown" : this._last);
  }
  /** The control messages with the time of a received message. */
  notes(time: Timespec | undefined, abi: Abi): readonly ControlNote[] {
    this.seen(time);
    const word = this._wide ? 8 : abi.long;
    const notes: ControlNote[] = [];
    if (this._unit) {
      const [narrow, wide] = this._unit === "us" ? [SO.TIMESTAMP, SO.TIMESTAMP_NEW] : [SO.TIMESTAMPNS, SO.TIMESTAMPNS_NEW];
      notes.push({ level: SOL.SOCKET, type: this._wide ? wide : narrow, data: timeBytes(time ?? this._now(), this._unit, word) });
    }
    const flags = this._flags();
    const shows = (flags & STAMPING.SOFTWARE) !== 0 && ((flags & STAMPING.RX_SOFTWARE) !== 0 || (flags & STAMPING.OPT_RX_FILTER) === 0);
    if (time && shows) {
      // struct scm_timestamping { struct timespec ts[3]; }: software, unused, hardware.
      const data = new Uint8Array(6 * word);
      data.set(timeBytes(time, "ns", word));
      notes.push({ level: SOL.SOCKET, type: this._wide ? SO.TIMESTAMPING_NEW : SO.TIMESTAMPING, data });
    }
    return notes;
  }
  /** The value of an option of this kind; undefined for others. */
  get(option: number): Uint8Array | undefined {
    const one = simple[option];
    // SO_TIMESTAMP_NEW is on for both units. Linux sk_getsockopt().
    const isUnit = one?.unit === this._unit || (this._unit !== undefined && option === SO.TIMESTAMP_NEW);
    if (one) return INT.write(Number(isUnit && this._wide === one.wide));
    return option === SO.TIMESTAMPING_NEW ? pair(false).write(this._wide ? this._flags() : 0) : undefined;
  }
  /** Sets an option of this kind: 0 or -errno; undefined for others. */
  set(task: Task, option: number, value: Uint8Array): number | undefined {
    const one = simple[option];
    if (one) {
      const on = INT.read(value) !== 0;
      this._unit = on ? one.unit : undefined;
      if (on) this._wide = one.wide;
      return 0;
    }
    if (option !== SO.TIMESTAMPING && option !== SO.TIMESTAMPING_NEW) return undefined;
    const result = this._options.setBytes(task, SOL.SOCKET, SO.TIMESTAMPING, value);
    if (result === 0) this._wide = option === SO.TIMESTAMPING_NEW;
    return result;
  }
  /** SIOCGSTAMP and SIOCGSTAMPNS: the time of the last message, or -errno. Linux sock_gettstamp(). */
  lastTime(unit: "us" | "ns", word: 4 | 8): Uint8Array | number {
    this._asked = true;
    if (this._last === "none") return -E.ENOENT;
    if (this._last === "unknown") this._last = this._now();
    return timeBytes(this._last, unit, word);
  }
}
