// Times of arrival: SO_TIMESTAMP and its relatives, SIOCGSTAMP. man 7 socket; Documentation/networking/
// timestamping.rst; Linux net/socket.c __sock_recv_timestamp(), net/core/sock.c sock_set_timestamp().
import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import type { Timespec } from "../base/time.ts";
import type { Task } from "../task/task.ts";
import { SO, SOL } from "./options/numbers.ts";
import type { Options } from "./options/options.ts";
import { INT, pair } from "./options/row.ts";
import type { Note } from "./socket.ts";

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
  readonly #options: Options;
  readonly #now: () => Timespec;
  #unit: "us" | "ns" | undefined = undefined;
  #wide = false;
  /** SIOCGSTAMP was asked for. */
  #asked = false;
  /** The time of the last message; "none" before the first one, "unknown" if it was not taken. */
  #last: Timespec | "none" | "unknown" = "none";

  constructor(options: Options, now: () => Timespec) {
    this.#options = options;
    this.#now = now;
  }
  #flags(): number {
    return this.#options.get(SOL.SOCKET, SO.TIMESTAMPING) ?? 0;
  }
  /** The time of a message that arrives, if the socket asks for it. */
  arrival(): Timespec | undefined {
    return this.#unit || this.#asked || (this.#flags() & STAMPING.RX_SOFTWARE) !== 0 ? this.#now() : undefined;
  }
  /** A message is received. Linux sock_recv_timestamp(). */
  seen(time: Timespec | undefined): void {
    this.#last = time ?? (this.#asked || this.#last === "none" ? "unknown" : this.#last);
  }
  /** The control messages with the time of a received message. */
  notes(time: Timespec | undefined, abi: Abi): readonly Note[] {
    this.seen(time);
    const word = this.#wide ? 8 : abi.long;
    const notes: Note[] = [];
    if (this.#unit) {
      const [narrow, wide] = this.#unit === "us" ? [SO.TIMESTAMP, SO.TIMESTAMP_NEW] : [SO.TIMESTAMPNS, SO.TIMESTAMPNS_NEW];
      notes.push({ level: SOL.SOCKET, type: this.#wide ? wide : narrow, data: timeBytes(time ?? this.#now(), this.#unit, word) });
    }
    const flags = this.#flags();
    const shows = (flags & STAMPING.SOFTWARE) !== 0 && ((flags & STAMPING.RX_SOFTWARE) !== 0 || (flags & STAMPING.OPT_RX_FILTER) === 0);
    if (time && shows) {
      // struct scm_timestamping { struct timespec ts[3]; }: software, unused, hardware.
      const data = new Uint8Array(6 * word);
      data.set(timeBytes(time, "ns", word));
      notes.push({ level: SOL.SOCKET, type: this.#wide ? SO.TIMESTAMPING_NEW : SO.TIMESTAMPING, data });
    }
    return notes;
  }
  /** The value of an option of this kind; undefined for others. */
  get(option: number): Uint8Array | undefined {
    const one = simple[option];
    // SO_TIMESTAMP_NEW is on for both units. Linux sk_getsockopt().
    const isUnit = one?.unit === this.#unit || (this.#unit !== undefined && option === SO.TIMESTAMP_NEW);
    if (one) return INT.write(Number(isUnit && this.#wide === one.wide));
    return option === SO.TIMESTAMPING_NEW ? pair(false).write(this.#wide ? this.#flags() : 0) : undefined;
  }
  /** Sets an option of this kind: 0 or -errno; undefined for others. */
  set(task: Task, option: number, value: Uint8Array): number | undefined {
    const one = simple[option];
    if (one) {
      const on = INT.read(value) !== 0;
      this.#unit = on ? one.unit : undefined;
      if (on) this.#wide = one.wide;
      return 0;
    }
    if (option !== SO.TIMESTAMPING && option !== SO.TIMESTAMPING_NEW) return undefined;
    const result = this.#options.setBytes(task, SOL.SOCKET, SO.TIMESTAMPING, value);
    if (result === 0) this.#wide = option === SO.TIMESTAMPING_NEW;
    return result;
  }
  /** SIOCGSTAMP and SIOCGSTAMPNS: the time of the last message, or -errno. Linux sock_gettstamp(). */
  lastTime(unit: "us" | "ns", word: 4 | 8): Uint8Array | number {
    this.#asked = true;
    if (this.#last === "none") return -E.ENOENT;
    if (this.#last === "unknown") this.#last = this.#now();
    return timeBytes(this.#last, unit, word);
  }
}
