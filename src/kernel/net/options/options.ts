// The options of one socket whose values are numbers: tables by protocol and level, and the values that were
// set.
import { E } from "../../../abi/errno.ts";
import { AF } from "../../../abi/uapi/socket.ts";
import type { Task } from "../../core/task.ts";
import { ipRows, ipv6Rows, shortInt, unreadIpv6Rows } from "./inet-rows.ts";
import { SOL } from "./numbers.ts";
import { INT, type OptionRow, type OptionSet, type Rows } from "./row.ts";
import { socketRows, unreadRows } from "./socket-rows.ts";
import { tcpRows, udpRows } from "./tcp-rows.ts";

/** Options by level and number. */
export type Levels = Readonly<Record<number, Rows>>;
const plain: Levels = { [SOL.SOCKET]: socketRows("unix") };
type InetSet = Exclude<OptionSet, "unix" | "other">;
const inet = (set: InetSet, six: boolean): Levels => {
  const udp = set === "udp" || set === "udplite" ? udpRows(set === "udplite") : undefined;
  return {
    [SOL.SOCKET]: socketRows(set),
    // A raw socket of IPv6 has no options of IPv4.
    ...(six && set === "raw" ? {} : { [SOL.IP]: ipRows(set, six) }),
    ...(six ? { [SOL.IPV6]: ipv6Rows(set) } : {}),
    ...(set === "tcp" ? { [SOL.TCP]: tcpRows } : {}),
    ...(udp ? { [SOL.UDP]: udp, [SOL.UDPLITE]: udp } : {}),
  };
};
const both = (set: InetSet): Readonly<Record<"four" | "six", Levels>> => ({ four: inet(set, false), six: inet(set, true) });
const inets = { tcp: both("tcp"), udp: both("udp"), udplite: both("udplite"), ping: both("ping"), raw: both("raw") } as const;
const levelsOf = (set: OptionSet, family: number): Levels =>
  set === "unix" || set === "other" ? plain : inets[set][family === AF.INET6 ? "six" : "four"];
const unread: Levels = { [SOL.SOCKET]: unreadRows, [SOL.IPV6]: unreadIpv6Rows };
/** All tables of options. */
export const optionLevels = { plain, inets, unread } as const;

/** The options of one socket. */
export class Options {
  private _levels: Levels;
  private readonly _set: OptionSet;
  private readonly _values = new Map<string, number>();

  constructor(set: OptionSet, family: number, levels = levelsOf(set, family)) {
    this._set = set;
    this._levels = levels;
  }
  /** True if the protocol has options of this level. */
  hasLevel(level: number): boolean {
    return Object.hasOwn(this._levels, level);
  }
  /** The protocol has no options of this level any more. */
  dropLevel(level: number): void {
    this._levels = Object.fromEntries(Object.entries(this._levels).filter(([key]) => Number(key) !== level));
  }
  private _row(level: number, option: number): OptionRow | undefined {
    return this._levels[level]?.[option];
  }
  /** The value of an option; undefined if the protocol does not have it. */
  get(level: number, option: number): number | undefined {
    const found = this._row(level, option);
    return found && (this._values.get(`${level}/${option}`) ?? found.initial);
  }
  /** The value of an option as bytes, or -errno; undefined if the protocol does not have it. */
  bytes(level: number, option: number): Uint8Array | number | undefined {
    const found = this._row(level, option);
    if (!found) return undefined;
    if (found.only && !found.only.shows && !found.only.sets.includes(this._set)) return -E.EOPNOTSUPP;
    return (found.form ?? INT).write(this.get(level, option) as number);
  }
  /** True if a flag of level SOL_SOCKET is set. */
  on(option: number): boolean {
    return this.get(SOL.SOCKET, option) === 1;
  }
  /** setsockopt(2) with the bytes of a program: 0 or -errno. */
  setBytes(task: Task, level: number, option: number, bytes: Uint8Array): number {
    const found = this._row(level, option) ?? (this.hasLevel(level) ? unread[level]?.[option] : undefined);
    const value = level === SOL.IP ? shortInt(bytes) : (found?.form ?? INT).read(bytes);
    if (value === undefined) return -E.EINVAL;
    if (!found?.set) return -E.ENOPROTOOPT;
    if (found.only && !found.only.sets.includes(this._set)) return -E.EOPNOTSUPP;
    const stored = found.set(value, task);
    if (typeof stored !== "number") return -stored.errno;
    this.put(level, option, stored);
    return 0;
  }
  /** Stores a value without a check. */
  put(level: number, option: number, value: number): void {
    this._values.set(`${level}/${option}`, value);
  }
  /** Copies all values that were set: an accepted connection inherits those of its listener. */
  copyFrom(other: Options): void {
    for (const [key, value] of other._values) this._values.set(key, value);
  }
}
