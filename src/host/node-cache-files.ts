// Files of the code cache: a checksum, a line about the content, and the content. They hold code for the
// host, so a file is read only if it is whole and no other user can have written it.
import { closeSync, constants, existsSync, mkdirSync, openSync, renameSync, rmSync, type Stats, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readRegular } from "./node-bytes.ts";
import { failure } from "./node-errno.ts";
import { crc32 } from "./node-internals.ts";

/** The greatest size of one file in bytes. To read more would cost a run more than it saves. */
const most = 64 * 2 ** 20;
/**
 * The head of a file, u32 each: a checksum of the rest, and the length of its text. Then come JSON and the
 * bytes that it refers to.
 */
const header = 8;
/**
 * The first line of the text. `identity`: of the content, and of the machine and settings that it fits.
 * `name`: of the file of code, of the module, or of the program, for users. The content is compiled regions
 * of the first, compiled handlers of the second, or the state of the third behind its start.
 */
export interface Label {
  readonly identity: string;
  readonly name: string;
  readonly regions?: number;
  readonly handlers?: number;
  /** Guest instructions of a start. */
  readonly start?: number;
}

const textOf = (label: Label, content: string): string => `${JSON.stringify(label)}\n${content}`;
/** Bytes of the text in a file, behind a head of eight bytes. */
export const textLength = (label: Label, content: string): number => Buffer.byteLength(textOf(label, content));
/** A file of the cache: its label, text of one line, and bytes. */
export const cacheFile = (label: Label, content: string, parts: readonly Uint8Array[]): readonly Uint8Array[] => {
  const text = Buffer.from(textOf(label, content));
  const head = Buffer.alloc(header);
  head.writeUInt32LE(text.length, 4);
  const sum = [head.subarray(4), text, ...parts].reduce((before, part) => crc32(part, before), 0);
  head.writeUInt32LE(sum, 0);
  return [head, text, ...parts];
};
/** The parts of a file, by `cacheFile`. Undefined for a file that is not whole. */
export const readCacheFile = (file: Buffer): { readonly label: Label; readonly text: string; readonly bytes: Buffer } | undefined => {
  if (file.length < header || crc32(file.subarray(4)) !== file.readUInt32LE(0)) return undefined;
  const behind = header + file.readUInt32LE(4);
  const text = file.toString("utf8", header, behind);
  const line = text.indexOf("\n");
  return { label: JSON.parse(text.slice(0, line)) as Label, text: text.slice(line + 1), bytes: file.subarray(behind) };
};
/** The path of the file for an identity. Other files may have the same one: the label decides. */
export const cachePath = (folder: string, identity: string): string =>
  join(folder, crc32(Buffer.from(identity)).toString(16).padStart(8, "0"));

/** The bytes of a file, if it is regular and only this user can have written it. */
export const readOwn = (file: string): Buffer => {
  const isOurs = ({ size, uid, mode }: Stats): void => {
    if (size > most || uid !== process.getuid?.() || (mode & 0o022) !== 0) throw failure("EPERM");
  };
  return readRegular(file, constants.O_NOFOLLOW, isOurs);
};
/**
 * The recursive mkdir of Node.js does not end on a file system where no directory can be made, such as /proc.
 */
const makeFolder = (folder: string): void => {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
};

/** Notes the use of a file: those that were not used for longest go first. */
export const noteUse = (file: string): void => {
  attempt(() => utimesSync(file, new Date(), new Date()));
};
/** Replaces a file of the cache whole. A concurrent reader reads the old one. */
export const writeOwn = (folder: string, file: string, parts: readonly Uint8Array[]): void => {
  if (parts.reduce((sum, part) => sum + part.length, 0) > most) return;
  makeFolder(folder);
  const beside = `${file}.${process.pid}`;
  rmSync(beside, { force: true });
  try {
    // "wx": nothing that lies there is opened.
    const fd = openSync(beside, "wx", 0o600);
    try {
      for (const part of parts) writeFileSync(fd, part);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
};
/** A cache that cannot be read or written is none. */
export const attempt = <T>(action: () => T): T | undefined => {
  try {
    return action();
  } catch {
    return undefined;
  }
};
/** Computed when it is first asked for. */
export const late = <T>(compute: () => T): (() => T) => {
  let known: { readonly value: T } | undefined;
  return () => {
    known ??= { value: compute() };
    return known.value;
  };
};
