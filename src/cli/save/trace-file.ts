// `trapgate trace --save FILE`: a run as one file, which the lab (docs/lab.md) opens: trace.json, and the
// program.
import { basename } from "node:path";
import type { Hooks } from "../../machine/options.ts";
import type { TraceEvent } from "../../machine/tracing/events.ts";
import type { PreparedRun } from "../run-options.ts";
import { writeOutput } from "./output-file.ts";
import { zip } from "./zip.ts";

/** Calls that a file holds, at most. More are counted. */
const CALLS = 20_000;
/** Bytes of output that a file holds, at most. */
const OUTPUT = 1_000_000;
/** A program of more bytes is left out: the file has the trace alone. */
const PROGRAM = 8_000_000;

/** Numbers of 64 bits as hexadecimal text, bytes as base64. */
const plain = (_: string, value: unknown): unknown => {
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
};

/** Collects the events of a run and writes them, with the program, as a zip archive. */
export class TraceFile {
  readonly #events: TraceEvent[] = [];
  #untold = 0;

  readonly #about: object;
  readonly #program: Uint8Array | undefined;

  constructor({ path: own, program, machine, file }: PreparedRun) {
    const { kernel = "upstream", cpu = "", x32 = false, ia32 = true } = machine;
    this.#about = {
      v: 1,
      program: basename(own),
      args: program.args ?? [],
      setting: { kernel, vendor: cpu.endsWith(":intel") ? "intel" : "amd", x32, ia32, uid: program.uid ?? 0 },
    };
    if (!file || file.size > PROGRAM) return;
    const bytes = new Uint8Array(file.size);
    if (file.read(0, bytes) === bytes.length) this.#program = bytes;
  }

  readonly #output: Uint8Array[] = [];
  #outputSize = 0;
  readonly #write = (bytes: Uint8Array): void => {
    const part = bytes.slice(0, OUTPUT - this.#outputSize);
    this.#outputSize += part.length;
    if (part.length > 0) this.#output.push(part);
  };
  /** For a run whose events and output the file is to hold. */
  readonly hooks: Hooks = { event: (event) => this.#event(event), stdout: this.#write, stderr: this.#write };

  #event(event: TraceEvent): void {
    if ("id" in event && event.id >= CALLS) this.#untold += Number(event.kind === "call");
    else this.#events.push(event);
  }

  /** The file's bytes. */
  bytes(): Buffer {
    const output = Buffer.concat(this.#output).toString("utf8");
    const trace = { ...this.#about, events: this.#events, untold: this.#untold, output };
    const json = Buffer.from(JSON.stringify(trace, plain));
    return zip({ "trace.json": json, ...(this.#program ? { program: this.#program } : {}) });
  }

  /** Writes the file. Throws a Problem if it cannot be written. */
  write(path: string): void {
    writeOutput(path, this.bytes(), "--save");
  }
}
