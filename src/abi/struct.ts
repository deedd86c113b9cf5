// C structures: one declaration each, with a layout computed per ABI. Alignment: System V psABI for x86-64
// and i386.
import type { Abi } from "./abi.ts";

/** One member type: size and alignment in bytes, read and write at a byte offset. Little endian. */
export interface Field<T> {
  size(a: Abi): number;
  align(a: Abi): number;
  get(v: DataView, at: number, a: Abi): T;
  put(v: DataView, at: number, x: T, a: Abi): void;
}

const fixed = (
  size: number,
  get: (v: DataView, at: number) => number,
  put: (v: DataView, at: number, x: number) => void,
): Field<number> => ({
  size: () => size,
  align: () => size,
  get,
  put,
});
/** An unsigned member of 8 bits. */
export const u8 = fixed(
  1,
  (v, at) => v.getUint8(at),
  (v, at, x) => v.setUint8(at, x),
);
/** An unsigned member of 16 bits, little endian. */
export const u16 = fixed(
  2,
  (v, at) => v.getUint16(at, true),
  (v, at, x) => v.setUint16(at, x, true),
);
/** A signed member of 16 bits, little endian. */
export const s16 = fixed(
  2,
  (v, at) => v.getInt16(at, true),
  (v, at, x) => v.setInt16(at, x, true),
);
/** An unsigned member of 32 bits, little endian. */
export const u32 = fixed(
  4,
  (v, at) => v.getUint32(at, true),
  (v, at, x) => v.setUint32(at, x, true),
);
/** A signed member of 32 bits, little endian. */
export const s32 = fixed(
  4,
  (v, at) => v.getInt32(at, true),
  (v, at, x) => v.setInt32(at, x, true),
);

/** C `unsigned long long`; its alignment depends on the ABI. */
export const u64: Field<bigint> = {
  size: () => 8,
  align: (a) => a.align64,
  get: (v, at) => v.getBigUint64(at, true),
  put: (v, at, x) => v.setBigUint64(at, x, true),
};
/** C `long long`; its alignment depends on the ABI. */
export const s64: Field<bigint> = {
  size: () => 8,
  align: (a) => a.align64,
  get: (v, at) => v.getBigInt64(at, true),
  put: (v, at, x) => v.setBigInt64(at, x, true),
};

/** C `long` as a number. It is exact up to 2^53, which covers all times, sizes and addresses of user code. */
export const long: Field<number> = {
  size: (a) => a.long,
  align: (a) => a.long,
  get: (v, at, a) => (a.long === 4 ? v.getInt32(at, true) : Number(v.getBigInt64(at, true))),
  put: (v, at, x, a) => (a.long === 4 ? v.setInt32(at, x | 0, true) : v.setBigInt64(at, BigInt(Math.trunc(x)), true)),
};
/** `unsigned long`, `size_t` and every pointer. */
export const ulong: Field<number> = {
  size: (a) => a.long,
  align: (a) => a.long,
  get: (v, at, a) => (a.long === 4 ? v.getUint32(at, true) : Number(v.getBigUint64(at, true))),
  put: (v, at, x, a) =>
    a.long === 4 ? v.setUint32(at, x >>> 0, true) : v.setBigUint64(at, BigInt.asUintN(64, BigInt(Math.trunc(x))), true),
};

/** `unsigned long` and pointers as a bigint, for values that user code may choose freely. */
export const word: Field<bigint> = {
  size: (a) => a.long,
  align: (a) => a.long,
  get: (v, at, a) => (a.long === 4 ? BigInt(v.getUint32(at, true)) : v.getBigUint64(at, true)),
  put: (v, at, x, a) =>
    a.long === 4 ? v.setUint32(at, Number(BigInt.asUintN(32, x)), true) : v.setBigUint64(at, BigInt.asUintN(64, x), true),
};

/**
 * A member without bytes and with the alignment of a pointer. It marks the begin of a union that holds
 * pointers.
 */
export const unionOfPointers: Field<undefined> = { size: () => 0, align: (a) => a.long, get: () => undefined, put: () => {} };

/** A fixed number of bytes: `char name[n]`. */
export const bytes = (n: number): Field<Uint8Array> => ({
  size: () => n,
  align: () => 1,
  get: (v, at) => new Uint8Array(v.buffer, v.byteOffset + at, n).slice(),
  put: (v, at, x) => new Uint8Array(v.buffer, v.byteOffset + at, n).set(x.subarray(0, n)),
});

/** Members by name, in C order. */
// biome-ignore lint/suspicious/noExplicitAny: a structure's members have any types
export type Fields = Record<string, Field<any>>;
/** The decoded values of a structure's members. */
export type Values<F> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A structure. Sizes and offsets are in bytes; `decode` and `encode` use the ABI's layout. */
export interface Struct<F extends Fields> {
  readonly name: string;
  readonly fields: F;
  size(a: Abi): number;
  offset(a: Abi, member: keyof F): number;
  decode(b: Uint8Array, a: Abi): Values<F>;
  encode(x: Values<F>, a: Abi): Uint8Array;
}

interface Member {
  readonly name: string;
  readonly field: Field<unknown>;
  readonly at: number;
}
interface Layout {
  readonly size: number;
  readonly offset: Record<string, number>;
  readonly members: readonly Member[];
}

/** `struct("timespec", { tv_sec: long, tv_nsec: long })`: members in C order. */
export const struct = <const F extends Fields>(name: string, fields: F): Struct<F> => {
  const cache = new Map<Abi, Layout>();
  const layout = (a: Abi): Layout => {
    const known = cache.get(a);
    if (known) return known;
    let at = 0;
    let align = 1;
    const offset: Record<string, number> = {};
    const members: Member[] = [];
    for (const [k, f] of Object.entries(fields)) {
      const al = f.align(a);
      at = Math.ceil(at / al) * al;
      offset[k] = at;
      members.push({ name: k, field: f, at });
      at += f.size(a);
      align = Math.max(align, al);
    }
    const made = { size: Math.ceil(at / align) * align, offset, members };
    cache.set(a, made);
    return made;
  };
  const view = (b: Uint8Array) => new DataView(b.buffer, b.byteOffset, b.byteLength);
  return {
    name,
    fields,
    size: (a) => layout(a).size,
    offset: (a, member) => layout(a).offset[member as string] as number,
    decode: (b, a) => {
      const values: Record<string, unknown> = {};
      const v = view(b);
      for (const { name, field, at } of layout(a).members) values[name] = field.get(v, at, a);
      return values as Values<F>;
    },
    encode: (x, a) => {
      const { size, members } = layout(a);
      const b = new Uint8Array(size);
      const v = view(b);
      for (const { name, field, at } of members) field.put(v, at, x[name], a);
      return b;
    },
  };
};
