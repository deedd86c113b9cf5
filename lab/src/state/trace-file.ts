// A run that `trapgate trace --save FILE` wrote: read without a machine.

import { unzipSync } from "fflate";
import type { Registers, TraceEvent } from "trapgate";
import { z } from "zod";
import { savedSchema } from "./saved.ts";
import { fromBase64 } from "./share.ts";

const MOST = 100_000_000;

const word = z
  .string()
  .regex(/^0x[\da-f]{1,16}$/)
  .transform((text) => BigInt(text));
const registers = z.record(z.string().max(8), word).transform((all): Registers => all);
const bytes = z.base64().transform(fromBase64);
const at = { at: z.number(), tid: z.number().int() };
const id = z.number().int().min(0);
const end = z.union([z.object({ exit: z.number() }), z.object({ signal: z.string(), core: z.boolean() })]);
const text = z.string();
const event = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("start"), ...at, pid: z.number(), parent: z.number().optional(), comm: text }),
  z.object({
    kind: z.literal("call"),
    ...at,
    id,
    door: z.enum(["int80", "sysenter", "syscall32", "syscall64"]),
    abi: z.enum(["x64", "i386", "x32"]),
    nr: z.number(),
    name: text,
    text,
    before: registers,
  }),
  z.object({ kind: z.literal("filter"), ...at, filter: id, older: id.optional(), arch: z.number(), program: bytes }),
  z.object({
    kind: z.literal("verdict"),
    ...at,
    id,
    action: text,
    allowed: z.boolean(),
    evaluation: z.object({ data: bytes, newest: id, winner: id.optional(), locked: z.boolean() }).optional(),
  }),
  z.object({ kind: z.literal("return"), ...at, id, text, result: z.number().optional(), after: registers.optional() }),
  z.object({ kind: z.literal("signal"), ...at, text }),
  z.object({ kind: z.literal("end"), ...at, end }),
  z.object({ kind: z.literal("remark"), at: z.number(), text }),
]);
const file = z.object({
  v: z.literal(1),
  program: text,
  args: z.array(text),
  setting: savedSchema.shape.a,
  events: z.array(event),
  untold: z.number(),
  /** Standard output and error. Older files have none. */
  output: text.default(""),
});

export interface TraceFile extends Omit<z.infer<typeof file>, "events"> {
  readonly events: readonly TraceEvent[];
  /** The program's ELF file, if it is in the file. */
  readonly elf: Uint8Array | undefined;
}

/** True for a zip archive that `trapgate trace --save` wrote. */
export const isTraceFile = (packed: Uint8Array): boolean => {
  try {
    return "trace.json" in unzipSync(packed, { filter: ({ name }) => name === "trace.json" });
  } catch {
    return false;
  }
};

/** Throws an Error with a sentence for people. */
export const readTraceFile = (name: string, packed: Uint8Array): TraceFile => {
  let json: unknown;
  let elf: Uint8Array | undefined;
  try {
    const files = unzipSync(packed, { filter: ({ originalSize }) => originalSize < MOST });
    elf = files["program"];
    json = JSON.parse(new TextDecoder().decode(files["trace.json"]));
  } catch {
    throw new Error(`${name} is no trace: the lab opens what \`trapgate trace --save FILE\` writes.`);
  }
  const result = file.safeParse(json);
  if (result.success) return { ...result.data, events: result.data.events as readonly TraceEvent[], elf };
  const [issue] = result.error.issues;
  throw new Error(`${name} is a trace of another version: ${issue?.path.join(".")} ${issue?.message}`);
};
