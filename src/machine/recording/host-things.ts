// The other things of the host in a recording: streams and terminals that take output, the network, and the
// store of an overlay. Each has a recorder's side, which notes answers, and a replay's side (answers.ts).
import { type ByteSink, sink } from "../../kernel/fs/files/stream.ts";
import type { UpperRecord, UpperStore } from "../../kernel/fs/types/upper-store.ts";
import type { HostLink, HostNetwork } from "../../kernel/net/host-network.ts";
import { Problem } from "../../problem.ts";
import type { ReplayedHost } from "../session.ts";
import type { TerminalOptions } from "../standard-streams.ts";
import { type Answers, type HostAnswer, missing, type Noting } from "./answers.ts";
import type { Header } from "./recording.ts";

// Output.
/** A write that took all its bytes. */
const ALL = "all";

/** A stream of the host whose results are noted. */
export const watchedSink = (inner: ByteSink, to: Noting, source: number): ByteSink => ({
  queue: inner.queue,
  write(bytes) {
    const n = inner.write(bytes);
    to.note(source, "write", n === bytes.length ? ALL : n, ALL);
    return n;
  },
});
/** A stream that takes what it took when it was recorded. */
export const replayedSink = (inner: ByteSink, answers: Answers, source: number): ByteSink => ({
  queue: inner.queue,
  write(bytes) {
    const answer = answers.answerOr(source, "write", ALL);
    if (typeof answer !== "number") return inner.write(bytes);
    const taken = Math.min(answer, bytes.length);
    return taken > 0 ? inner.write(bytes.subarray(0, taken)) : taken;
  },
});

// The network.
/** A network whose answers are noted. Its events are events of the run. */
export const watchedNetwork = (inner: HostNetwork, to: Noting, source: number): HostNetwork => ({
  reaches: inner.reaches,
  six: inner.six,
  async open(tell) {
    const link = await inner.open(tell);
    const noted = <T extends number | boolean>(ask: string, result: T, usual: HostAnswer): T => {
      to.note(source, ask, Number(result), usual);
      return result;
    };
    return {
      connect: (id, address) => noted(`connect ${id}`, link.connect(id, address), 0),
      write: (id, bytes) => noted(`write ${id}`, link.write(id, bytes), 1),
      datagram: (id, address, bytes) => noted(`datagram ${id}`, link.datagram(id, address, bytes), 0),
      end: (id) => link.end(id),
      reset: (id) => link.reset(id),
      resume: (id) => link.resume(id),
      took: (id, bytes) => link.took(id, bytes),
      closeDatagrams: (id) => link.closeDatagrams(id),
      close: (flush) => link.close(flush),
    };
  },
});
/** The open network of a recording. */
export const replayedLink = (answers: Answers, source: number): HostLink & { readonly isReplayed: true } => {
  const numberOf = (ask: string, usual: number): number => {
    const answer = answers.answerOr(source, ask, usual);
    return typeof answer === "number" ? answer : usual;
  };
  const nothing = (): void => {};
  return {
    isReplayed: true,
    connect: (id) => numberOf(`connect ${id}`, 0),
    write: (id) => numberOf(`write ${id}`, 1) !== 0,
    datagram: (id) => numberOf(`datagram ${id}`, 0),
    end: nothing,
    reset: nothing,
    resume: nothing,
    took: nothing,
    closeDatagrams: nothing,
    close: () => Promise.resolve(),
  };
};
/** The network of a recording: its events come with the other ones of the run. */
export const replayedNetwork = (
  answers: Answers,
  { node, reaches, six }: { readonly node: number; readonly reaches: boolean; readonly six: boolean },
): HostNetwork & { readonly isReplayed: true } => ({
  isReplayed: true,
  reaches,
  six,
  open: () => Promise.resolve(replayedLink(answers, node)),
});

// The store of an overlay.
const NO_SIZE = "none";
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** An overlay's store whose answers are noted. */
export const watchedStore = (inner: UpperStore, to: Noting, source: number): UpperStore => {
  const noted = (ask: string, result: number): number => {
    to.note(source, ask, result, 0);
    return result;
  };
  return {
    begin(budget) {
      const records = [...inner.begin(budget)];
      to.note(source, "begin", { length: records.length, bytes: to.bytes(encode(records)) });
      return records;
    },
    resume: () => inner.resume(),
    end: () => inner.end(),
    append: (record) => noted("append", inner.append(record)),
    get isLong() {
      return noted("isLong", Number(inner.isLong)) !== 0;
    },
    replace: (records) => noted("replace", inner.replace(records)),
    size(id) {
      const size = inner.size(id);
      to.note(source, `size ${id}`, size ?? NO_SIZE);
      return size;
    },
    read(id, at, into) {
      const length = inner.read(id, at, into);
      // All of it is filled.
      to.note(source, `read ${id} ${at} ${into.length}`, length < 0 ? length : { length, bytes: to.bytes(new Uint8Array(into)) });
      return length;
    },
    write: (id, at, bytes) => noted(`write ${id}`, inner.write(id, at, bytes)),
    truncate: (id, size) => noted(`truncate ${id}`, inner.truncate(id, size)),
    remove: (id) => inner.remove(id),
    keep: (ids) => inner.keep(ids),
  };
};
/** The store of a recording. Nothing is written. */
export const replayedStore = (answers: Answers, source: number): UpperStore & { readonly isReplayed: true } => {
  const numberOf = (ask: string): number => {
    const answer = answers.answerOr(source, ask, 0);
    return typeof answer === "number" ? answer : 0;
  };
  return {
    isReplayed: true,
    begin() {
      const answer = answers.answer(source, "begin");
      if (typeof answer !== "object" || !("bytes" in answer)) return missing("the overlay");
      return recordsOf(answers.bytes(answer.bytes));
    },
    resume() {},
    end() {},
    append: () => numberOf("append"),
    get isLong() {
      return numberOf("isLong") !== 0;
    },
    replace: () => numberOf("replace"),
    size(id) {
      const answer = answers.answer(source, `size ${id}`) ?? missing(`size ${id}`);
      return typeof answer === "number" ? answer : undefined;
    },
    read(id, at, into) {
      const ask = `read ${id} ${at} ${into.length}`;
      const answer = answers.answer(source, ask) ?? missing(ask);
      if (typeof answer !== "object" || !("length" in answer)) return typeof answer === "number" ? answer : 0;
      into.set(answers.bytes(answer.bytes).subarray(0, into.length));
      return Math.min(answer.length, into.length);
    },
    write: (id) => numberOf(`write ${id}`),
    truncate: (id) => numberOf(`truncate ${id}`),
    remove() {},
    keep() {},
  };
};
const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown, form: RegExp): boolean => typeof value === "string" && form.test(value);
/** A name of a directory as a byte string: no path. */
const NAME = /^(?!\.{1,2}$)[^/\0\u0100-\uffff]{1,255}$/;
const PATH = /^$|^(?:(?!\.{1,2}(?:\/|$))[^/\0\u0100-\uffff]{1,255}(?:\/(?!$)|$))+$/;
const optional = (value: unknown, holds: (value: unknown) => boolean): boolean => value === undefined || holds(value);
const isNode = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return false;
  const { mode, uid, gid, rdev, times, xattrs, target, lower, base } = value as Readonly<Record<string, unknown>>;
  return (
    [mode, uid, gid, rdev].every(isNumber) &&
    Array.isArray(times) &&
    times.length === 6 &&
    times.every((time) => Number.isFinite(time)) &&
    optional(xattrs, (all) => typeof all === "object" && all !== null && Object.values(all).every((text) => typeof text === "string")) &&
    optional(target, (text) => isText(text, /^(?:.|\s){0,4096}$/)) &&
    optional(lower, (text) => isText(text, PATH)) &&
    optional(base, isNumber)
  );
};
/** A chunk is 4 KiB or more: no file has more of them. */
const MOST_CHUNKS = 2 ** 24;
const parts: Readonly<Record<string, (part: readonly unknown[]) => boolean>> = {
  nodes: (part) => part.length === 2 && isNumber(part[0]) && isNode(part[1]),
  names: (part) => part.length === 3 && isNumber(part[0]) && isText(part[1], NAME) && isNumber(part[2]),
  chunks: (part) => part.length === 3 && part.every(isNumber) && (part[2] as number) <= MOST_CHUNKS,
};
const isRecord = (value: unknown): value is UpperRecord =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value).every(
    ([name, list]) => Object.hasOwn(parts, name) && Array.isArray(list) && list.every((part) => Array.isArray(part) && parts[name]?.(part)),
  );
const recordsOf = (bytes: Uint8Array): readonly UpperRecord[] => {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {}
  if (!Array.isArray(value) || !value.every(isRecord))
    throw new Problem("bad-recording", "the recording is damaged: its overlay has no records");
  return value;
};

/** The host of a replay, besides its directories. */
export interface HostOfReplay extends ReplayedHost {
  readonly terminal: TerminalOptions | undefined;
  readonly link: HostLink | undefined;
  /** Output to the terminal; its owner sets it. */
  write: (bytes: Uint8Array) => void;
}
/** The host's side of a recorded run. */
export const hostOf = (answers: Answers, { terminal, network, stdout, stderr, nulls, hasJob }: Header): HostOfReplay => {
  const host: HostOfReplay = {
    write: () => {},
    nulls,
    hasJob,
    sinks: (own) => ({
      stdout: replayedSink(own.stdout, answers, stdout),
      stderr: replayedSink(own.stderr, answers, stderr),
    }),
    terminal: terminal && {
      ...terminal,
      sink: replayedSink(
        sink((bytes) => host.write(bytes)),
        answers,
        terminal.node,
      ),
    },
    link: network && replayedLink(answers, network.node),
  };
  return host;
};
