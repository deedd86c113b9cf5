// Text on its way to the user's terminal. Names in policies, images and programs are chosen by strangers:
// each control character is shown as \x1b, so that no name moves the cursor, changes colours or begins a
// line. test/project/print.test.ts keeps other writers of text out.
import { visible } from "../../visible.ts";
import { INK } from "./ink.ts";

/** The text as it is written: control characters are shown, colours of this program take effect. */
export const shown = (text: string): string => visible(text, "\n\t").replaceAll(INK, "\u001b");
/**
 * A value as JSON. Control characters that JSON allows are escaped, too; 64-bit numbers are hexadecimal.
 */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? `0x${each.toString(16)}` : each), indent).replace(
    /[\x7f-\x9f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** The streams that have been written to. A process that reads no more is no fault. */
const used = new Set<NodeJS.WriteStream>();
const on = (stream: NodeJS.WriteStream): NodeJS.WriteStream => {
  if (!used.has(stream)) {
    used.add(stream);
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  return stream;
};
/** Resolves when all text is with its readers: a pipe takes 64 KiB at once, and the rest waits here. */
export const written = async (): Promise<void> => {
  for (const stream of used) if (stream.writableLength > 0) await new Promise<void>((done) => stream.write("", () => done()));
};
/** Writes bytes to standard output. */
export const printBytes = (bytes: Uint8Array | string): boolean => on(process.stdout).write(bytes);
/** Writes text to standard output. False: the reader is slow. */
export const print = (text: string): boolean => printBytes(shown(text));
/** Writes lines to standard output. */
export const printLines = (...lines: readonly string[]): boolean => print(lines.map((line) => `${line}\n`).join(""));
/** Writes a value to standard output as JSON. */
export const printJson = (value: unknown): boolean => printBytes(`${jsonText(value, 2)}\n`);
/** Writes text to standard error. */
export const complain = (text: string): boolean => on(process.stderr).write(shown(text));
