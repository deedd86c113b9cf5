// A run that is recorded as it goes (record, and run --record-on-failure): the file, and the wrapped options.
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { deflateRaw, deflateRawSync } from "node:zlib";
import { standardInput } from "../host/node-bytes.ts";
import { crc32 } from "../host/node-internals.ts";
import { type Zstd, zstd } from "../host/node-zlib.ts";
import type { ByteSink } from "../kernel/fs/files/stream.ts";
import type { BootOptions } from "../machine/boot.ts";
import type { FileOptions, ProgramOptions } from "../machine/options.ts";
import type { Packer } from "../machine/recording/frames.ts";
import { Recorder } from "../machine/recording/recorder.ts";
import type { Header } from "../machine/recording/recording.ts";
import type { Run } from "../machine/run.ts";
import { machineFacts, programFacts } from "../machine/starts/run-facts.ts";
import { withBootTime } from "../machine/world.ts";
import { Problem } from "../problem.ts";
import type { RecordWords } from "./run-options.ts";
import { checkOutput } from "./save/output-file.ts";

/** The run whose options are wrapped. */
interface TapedRun {
  readonly path: string;
  readonly program: ProgramOptions;
  readonly policy: string | Uint8Array | undefined;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  readonly nulls: readonly number[];
  readonly hasJob: boolean;
}

const deflate = promisify(deflateRaw);
/** Bytes that are deflated at once: half a millisecond. More are deflated in another thread. */
const SMALL = 2 ** 15;
/** A chunk of output costs a turn. */
const chunkSize = ({ length }: Uint8Array): number => Math.max(64, length);
/** Level 1 takes half the time of level 6 for 6 % more bytes. */
const packing = (bytes: Uint8Array) => ({ level: 1, memLevel: 9, chunkSize: chunkSize(bytes) });
const deflating: Packer = {
  codec: "deflate",
  pack: (bytes) => (bytes.length <= SMALL ? deflateRawSync(bytes, packing(bytes)) : deflate(bytes, packing(bytes))),
  crc32,
};
/**
 * zstd takes a third of deflate's time. Another thread would cost more than it takes: 3 ms for a frame of
 * 1 MiB. Matches of 6 bytes and more (level 1 has 7) make code smaller. A hash table of 32 KiB stays in the
 * processor's first cache.
 */
const zstdPacker = ({ zstdCompressSync, constants }: Zstd): Packer => {
  const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_minMatch]: 6, [constants.ZSTD_c_hashLog]: 13 };
  // With so much room (ZSTD_COMPRESSBOUND) zstd writes straight into the chunk.
  const room = (length: number): number => length + (length >> 8) + 64;
  return { codec: "zstd", pack: (bytes) => zstdCompressSync(bytes, { params, chunkSize: room(bytes.length) }), crc32 };
};
const areEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const contentOf = (content: FileOptions["content"]): Uint8Array => {
  if (content instanceof Uint8Array) return content;
  if (typeof content === "string") return new TextEncoder().encode(content);
  const bytes = new Uint8Array(content.size);
  return bytes.subarray(0, Math.max(0, content.read(0, bytes)));
};

/** Bytes of standard input that a recording takes. */
const MOST_INPUT = 2 ** 30;
/** Standard input that is a file, whole: a recording has it from the beginning. */
export const wholeInput = (): Uint8Array => {
  const bytes = standardInput(MOST_INPUT);
  if (bytes === undefined)
    throw new Problem("usage", "a file of more than 1 GiB as standard input cannot be recorded", { help: "give it by a pipe" });
  return bytes;
};

/** One recording, from the options to the end of the run. */
export class Tape {
  readonly recorder: Recorder;
  readonly #words: RecordWords;
  readonly #fd: number;

  /** Makes the file. Throws a Problem if it cannot be written. */
  constructor(words: RecordWords) {
    const { file, option } = words;
    this.#words = words;
    checkOutput(file, option);
    const problem = (cause: unknown): Problem => new Problem("cannot-write", `${option}: cannot write ${file}`, { cause });
    try {
      this.#fd = openSync(file, "w", 0o600);
    } catch (cause) {
      throw problem(cause);
    }
    const write = (bytes: Uint8Array): void => {
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
      } catch (cause) {
        throw problem(cause);
      }
    };
    const found = zstd();
    this.recorder = new Recorder(write, found ? zstdPacker(found) : deflating, areEqual);
  }
  /** Writes the options, and returns them with all that is the host's wrapped. */
  begin(
    options: BootOptions,
    { path, program, policy, stdout, stderr, nulls, hasJob }: TapedRun,
  ): { readonly boot: BootOptions; readonly stdout: ByteSink; readonly stderr: ByteSink } {
    const { recorder } = this;
    const boot = withBootTime(options);
    const { mounts = [], files = {} } = boot;
    const list = Object.entries(files).map(([name, file]) => {
      const { content, mode = 0o644 } = typeof file === "string" || file instanceof Uint8Array ? { content: file } : file;
      return { name, mode, content: contentOf(content) };
    });
    const [out, err] = [recorder.sink(stdout), recorder.sink(stderr)];
    const root = boot.root && recorder.tree(boot.root);
    const more = mounts.map((mount) => recorder.mount(mount));
    const overlay = boot.overlay && recorder.overlay(boot.overlay);
    const network = boot.network && recorder.network(boot.network);
    const terminal = boot.terminal && recorder.terminal(boot.terminal);
    const header: Omit<Header, "kind" | "build"> = {
      path,
      machine: machineFacts(boot),
      program: programFacts(program),
      files: list.map(({ name, mode, content }) => ({ path: name, mode, bytes: recorder.bytes(content) })),
      mounts: more.map(({ facts }) => facts),
      stdout: out.node,
      stderr: err.node,
      nulls,
      hasJob,
      ...(root ? { root: root.facts } : {}),
      ...(overlay ? { overlay: overlay.facts } : {}),
      ...(network ? { network: network.facts } : {}),
      ...(terminal ? { terminal: terminal.facts } : {}),
      ...(policy === undefined ? {} : { policy: typeof policy === "string" ? policy : recorder.bytes(policy) }),
    };
    recorder.header(header);
    return {
      boot: {
        ...boot,
        ...(root ? { root: root.tree } : {}),
        mounts: more.map(({ mount }) => mount),
        files: Object.fromEntries(list.map(({ name, mode, content }) => [name, { content, mode }])),
        ...(overlay ? { overlay: overlay.store } : {}),
        ...(network ? { network: network.network } : {}),
        ...(terminal ? { terminal: terminal.terminal } : {}),
      },
      stdout: out.sink,
      stderr: err.sink,
    };
  }
  /** Ends the file. `status`: undefined if the run was given up. True: the file stays. */
  async end(status: Run["status"] | undefined): Promise<boolean> {
    const { file, onFailure } = this.#words;
    try {
      await this.recorder.end(status);
    } finally {
      closeSync(this.#fd);
    }
    const stays = this.recorder.hasBegun && !(onFailure && status && "exit" in status && status.exit === 0);
    if (!stays) rmSync(file, { force: true });
    return stays;
  }
}
