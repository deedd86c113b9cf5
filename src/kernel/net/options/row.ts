// A row of the tables of socket options: an option whose value is a number.
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capableIn } from "../../cred/cred.ts";

/** The protocols that have options of their own. "other": a family of a feature, which has its own tables. */
export type OptionSet = "tcp" | "udp" | "udplite" | "ping" | "raw" | "unix" | "other";
/** The refusal of a value: an error number. */
export interface Refusal {
  readonly errno: number;
}
/** The refusal with an error number. */
export const refuse = (errno: number): Refusal => ({ errno });
/** The stored value for a value of setsockopt(2). */
export type Setter = (value: number, task: Task) => number | Refusal;

/** An option. */
export interface OptionRow {
  /** The value of a new socket. */
  readonly initial: number;
  /** Undefined: the option cannot be set. */
  readonly set: Setter | undefined;
  /** The form of the value, if it is not an int. */
  readonly form?: OptionForm;
  /** The protocols that have the option. Others refuse it with EOPNOTSUPP, or show its initial value. */
  readonly only?: { readonly sets: readonly OptionSet[]; readonly shows: boolean };
}
/** A value as bytes. */
export interface OptionForm {
  readonly write: (value: number) => Uint8Array;
  /** The number in bytes of a program, at least four; undefined for a wrong length. */
  readonly read: (bytes: Uint8Array) => number | undefined;
}
/** Options by number. */
export type Rows = Readonly<Record<number, OptionRow>>;

/** A row of an int. */
export const row = (initial: number, set?: Setter): OptionRow => ({ initial, set });
/** 0 or 1. */
export const flag: Setter = (v) => Number(v !== 0);
/** A number that is neither less nor greater. */
export const within =
  (min: number, max: number): Setter =>
  (v) =>
    v < min || v > max ? refuse(E.EINVAL) : v;
/** Any number. */
export const anything: Setter = (v) => v;
/** A value that has no effect and is not kept. */
export const ignored: Setter = () => 0;
/** Accepts what `set` accepts from holders of one of the capabilities in the network's user namespace. */
export const privileged =
  (set: Setter, needs: (value: number) => boolean, ...caps: readonly number[]): Setter =>
  (v, task) =>
    needs(v) && !caps.some((cap) => capableIn(task.cred, task.net.owner, cap)) ? refuse(E.EPERM) : set(v, task);
/** The capabilities for marks and priorities. */
export const MARKS = [CAP.NET_RAW, CAP.NET_ADMIN] as const;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
/** An int. */
export const INT: OptionForm = {
  write: (value) => new Uint8Array(new Int32Array([value]).buffer),
  read: (bytes) => (bytes.length < 4 ? undefined : view(bytes).getInt32(0, true)),
};
/** Two ints: the second in the upper half of the number. `both`: the program must give both. */
export const pair = (both: boolean): OptionForm => ({
  write: (value) => new Uint8Array(new Uint32Array([value, Math.floor(value / 2 ** 32)]).buffer),
  read: (bytes) => {
    if (bytes.length < (both ? 8 : 4)) return undefined;
    return both ? view(bytes).getUint32(0, true) + view(bytes).getUint32(4, true) * 2 ** 32 : view(bytes).getInt32(0, true);
  },
});
/** An unsigned long: an int of -1 has all its bits. */
export const ULONG: OptionForm = {
  write: (value) => new Uint8Array(new BigInt64Array([BigInt(value)]).buffer),
  read: (bytes) => {
    if (bytes.length >= 8) return Number(view(bytes).getBigInt64(0, true));
    const word = INT.read(bytes);
    return word === undefined || word === -1 ? word : word >>> 0;
  },
};

/** A result of getsockopt(2): an error that has a length too, or a length in other units than bytes. */
export interface Told {
  readonly bytes: Uint8Array;
  /** The length that the program is told. */
  readonly length: number;
  /** The error, or 0. */
  readonly errno: number;
}
