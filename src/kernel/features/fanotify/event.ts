// Events of fanotify as read(2) returns them: a head, then records about files. man 7 fanotify; Linux
// fs/notify/fanotify/fanotify_user.c copy_event_to_user().
import { x64 } from "../../../abi/abi.ts";
import { fanotifyEvent, INFO_TYPE, METADATA_VERSION } from "../../../abi/uapi/fanotify.ts";
import { asBytes } from "../../base/byte-string.ts";
import { HANDLE_BYTES } from "../../fs/files/handle.ts";

/** A file's identity in a record. */
export interface Fid {
  readonly dev: number;
  readonly type: number;
  readonly handle: Uint8Array;
}
/** A record: a directory with a name in it, or a file. */
export interface FidRecord {
  readonly type: number;
  readonly fid: Fid;
  readonly name: string | undefined;
}
/** Bytes of the head of an event, without its records. */
export const HEAD_BYTES = fanotifyEvent.size(x64);
const PIDFD_BYTES = 8;
const ALIGN = 4;
/** info header, fsid, and the head of the handle. */
const FID_HEAD = 4 + 8 + 8;

const recordLength = ({ name }: FidRecord): number => {
  const length = FID_HEAD + HANDLE_BYTES + (name === undefined ? 0 : name.length + 1);
  return Math.ceil(length / ALIGN) * ALIGN;
};
/** The bytes of an event with these records. */
export const eventLength = (records: readonly FidRecord[], hasPidfd: boolean): number =>
  records.reduce((sum, record) => sum + recordLength(record), HEAD_BYTES + (hasPidfd ? PIDFD_BYTES : 0));

/** The bytes of an event. */
export const eventBytes = (
  head: { readonly mask: number; readonly fd: number; readonly pid: number },
  records: readonly FidRecord[],
  pidfd: number | undefined,
): Uint8Array => {
  const out = new Uint8Array(eventLength(records, pidfd !== undefined));
  const view = new DataView(out.buffer);
  const metadata = { event_len: out.length, vers: METADATA_VERSION, reserved: 0, metadata_len: HEAD_BYTES };
  out.set(fanotifyEvent.encode({ ...metadata, mask: BigInt(head.mask >>> 0), fd: head.fd, pid: head.pid }, x64));
  let at = HEAD_BYTES;
  for (const record of records) {
    const { fid, name } = record;
    const length = recordLength(record);
    view.setUint8(at, record.type);
    view.setUint16(at + 2, length, true);
    view.setUint32(at + 4, fid.dev, true);
    view.setUint32(at + 12, fid.handle.length, true);
    view.setInt32(at + 16, fid.type, true);
    out.set(fid.handle, at + FID_HEAD);
    if (name !== undefined) out.set(asBytes(name), at + FID_HEAD + HANDLE_BYTES);
    at += length;
  }
  if (pidfd !== undefined) {
    view.setUint8(at, INFO_TYPE.PIDFD);
    view.setUint16(at + 2, PIDFD_BYTES, true);
    view.setInt32(at + 4, pidfd, true);
  }
  return out;
};
