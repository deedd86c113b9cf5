// Compiles and runs native.c: the processor under us as the judge. Formats are described there.
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("native.c", import.meta.url));
const binary = fileURLToPath(new URL("../../../.cache/fpu-judge", import.meta.url));

const modified = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const run = (kind: number, code: readonly number[], count: number, memory: number, cases: Uint8Array): Buffer => {
  if (modified(binary) < modified(source)) {
    mkdirSync(new URL(".", `file://${binary}`), { recursive: true });
    execFileSync("gcc", ["-O2", "-o", binary, source]);
  }
  const header = Buffer.alloc(32);
  [kind, count, memory, code.length].forEach((value, i) => {
    header.writeUInt32LE(value, i * 4);
  });
  header.set(code, 16);
  return execFileSync(binary, { input: Buffer.concat([header, cases]), maxBuffer: 2 ** 31 - 1 });
};

/** Bytes of one x87 case before and after, without its memory operand. */
export const x87In = 112;
export const x87Out = 116;
export const judgeX87 = (code: readonly number[], count: number, memory: number, cases: Uint8Array): Buffer =>
  run(0, code, count, memory, cases);

/** Bytes of one SSE case before and after. */
export const sseIn = 48;
export const sseOut = 56;
export const judgeSse = (code: readonly number[], count: number, cases: Uint8Array): Buffer => run(1, code, count, 0, cases);
