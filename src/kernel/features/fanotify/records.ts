// The records of an event: which files and names a group sees. Linux fs/notify/fanotify/fanotify.c
// fanotify_alloc_event(), fanotify_user.c copy_info_records_to_user().
import { FAN, INFO_TYPE, INIT, NAMES } from "../../../abi/uapi/fanotify.ts";
import { encodeHandle, keepHandle } from "../../fs/files/handle.ts";
import type { Inode } from "../../fs/vfs/inode.ts";
import type { GroupEvent, Hit } from "../../fs/vfs/notify.ts";
import type { Fid, FidRecord } from "./event.ts";
import type { FanotifyMark } from "./mark.ts";

const fidOf = (inode: Inode): Fid => {
  const handle = encodeHandle(inode, true);
  return typeof handle === "number"
    ? { dev: inode.fs.dev, type: 0xff, handle: new Uint8Array(0) }
    : { dev: inode.fs.dev, type: handle.type, handle: handle.bytes };
};
/** Equal for equal records. */
export const recordKey = ({ type, fid, name }: FidRecord): string => `${type} ${fid.dev} ${fid.handle.join(",")} ${name ?? ""}`;
/** The handle in /proc/PID/fdinfo. */
export const handleText = (inode: Inode): string => {
  const { type, handle } = fidOf(inode);
  return `fhandle-bytes:${handle.length.toString(16)} fhandle-type:${type.toString(16)} f_handle:${[...handle].map((b) => b.toString(16).padStart(2, "0")).join("")}`;
};
/** The records of an event. Linux fanotify_alloc_event(), copy_info_records_to_user(). */
export const recordsOf = (fids: number, hits: readonly Hit[], event: GroupEvent, mask: number): readonly FidRecord[] => {
  const { inode, dir, name, target } = event;
  const isName = (mask & NAMES) !== 0;
  const isDir = (mask & FAN.ONDIR) !== 0;
  const has = (bit: number): boolean => (fids & bit) !== 0;
  const reportsChild = isName ? has(INIT.REPORT_TARGET_FID) : has(INIT.REPORT_FID) && !isDir;
  const directory = isName ? dir?.inode : inode.isDir ? inode : dir?.inode;
  const records: FidRecord[] = [];
  if (!has(INIT.REPORT_DIR_FID) || !directory) {
    records.push({ type: INFO_TYPE.FID, fid: fidOf(isName && !reportsChild && dir ? dir.inode : inode), name: undefined });
    return records;
  }
  if (dir) keepHandle(dir);
  const named = has(INIT.REPORT_NAME) && (isName || !isDir) ? name : undefined;
  if (mask & FAN.RENAME) {
    const at = (place: Hit["place"]): boolean =>
      hits.some((hit) => hit.place === place && ((hit.mark as FanotifyMark).mask & FAN.RENAME) !== 0);
    const both = at("wide");
    if (both || at("inode")) records.push({ type: INFO_TYPE.OLD_DFID_NAME, fid: fidOf(directory), name });
    if (target && (both || at("target"))) records.push({ type: INFO_TYPE.NEW_DFID_NAME, fid: fidOf(target.dir.inode), name: target.name });
  } else if (named !== undefined) records.push({ type: INFO_TYPE.DFID_NAME, fid: fidOf(directory), name: named });
  else if (has(INIT.REPORT_NAME) && isDir) records.push({ type: INFO_TYPE.DFID_NAME, fid: fidOf(directory), name: "." });
  else records.push({ type: INFO_TYPE.DFID, fid: fidOf(directory), name: undefined });
  if (reportsChild && inode !== directory) records.push({ type: INFO_TYPE.FID, fid: fidOf(inode), name: undefined });
  return records;
};
