// Messages of netlink: headers, attributes, answers. man 7 netlink, man 3 netlink; Linux uapi
// linux/netlink.h.
import type { Task } from "../../core/task.ts";

/** Message types and flags. */
export const NLMSG = { ERROR: 2, DONE: 3 } as const;
/** Flags of a message's header. */
export const NLM_F = { REQUEST: 1, MULTI: 2, ACK: 4, DUMP: 0x300, CAPPED: 0x100, REPLACE: 0x100, EXCL: 0x200 } as const;
/** The size of struct nlmsghdr. */
export const HEADER = 16;
/** A length rounded up as messages and attributes are. */
export const align = (n: number): number => (n + 3) & ~3;

/** A received message, with the fields of its header. */
export interface NetlinkRequest {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  /** The whole message with its header. */
  readonly bytes: Uint8Array;
}
/** True if the request asks for all objects. */
export const isDump = ({ flags }: NetlinkRequest): boolean => (flags & NLM_F.DUMP) === NLM_F.DUMP;
/** The messages of an answer, by type and body. */
export type NetlinkReply = readonly (readonly [type: number, body: Uint8Array])[];
/** A dump that ended with -errno: its last message says so. */
export interface Broken {
  readonly ended: number;
}
/** The service of a protocol: an answer, 0, or the -errno of a request that is refused. */
export type Service = (task: Task, request: NetlinkRequest) => NetlinkReply | Broken | number;

/** A DataView of the same bytes. */
export const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
/** Four bytes of an attribute, little endian. */
export const u32 = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);
/** UTF-8 bytes with a NUL. */
export const cString = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);

/** struct nlattr or rtattr { u16 length, type; data }, padded to four bytes. */
export const attributes = (list: readonly (readonly [type: number, data: Uint8Array])[]): Uint8Array => {
  const out = new Uint8Array(list.reduce((n, [, data]) => n + align(4 + data.length), 0));
  let at = 0;
  for (const [type, data] of list) {
    view(out).setUint16(at, 4 + data.length, true);
    view(out).setUint16(at + 2, type, true);
    out.set(data, at + 4);
    at += align(4 + data.length);
  }
  return out;
};
/** The data of the first attribute of a type, from an offset of a message on. */
export const attribute = (bytes: Uint8Array, from: number, wanted: number): Uint8Array | undefined => {
  for (let at = from; at + 4 <= bytes.length; ) {
    const length = view(bytes).getUint16(at, true);
    if (length < 4) return undefined;
    if (view(bytes).getUint16(at + 2, true) === wanted) return bytes.subarray(at + 4, at + length);
    at += align(length);
  }
  return undefined;
};
/** A fixed part and attributes after it. */
export const body = (fixed: Uint8Array, list: Parameters<typeof attributes>[0]): Uint8Array =>
  Uint8Array.from([...fixed, ...attributes(list)]);
