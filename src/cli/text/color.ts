// Colour only for a person's terminal: picocolors' own guess also counts continuous integration, whose
// pipes are read by programs. https://no-color.org
import pc from "picocolors";
import { visible } from "../../visible.ts";
import { INK } from "./ink.ts";

const wanted = (stream: NodeJS.WriteStream): boolean => stream.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";

type Colors = ReturnType<typeof pc.createColors>;
/** Colours as marks, which print.ts resolves. The painted text has no escapes of its own after that. */
const inked = (colors: Colors): Colors => {
  const mark = (paint: unknown) =>
    typeof paint === "function" ? (text: string) => paint(visible(text, "\n\t")).replaceAll("\u001b", INK) : paint;
  return Object.fromEntries(Object.entries(colors).map(([name, paint]) => [name, mark(paint)])) as unknown as Colors;
};
/** Colours of standard output. */
export const color = inked(pc.createColors(wanted(process.stdout)));
/** Colours of standard error. */
export const errorColor = inked(pc.createColors(wanted(process.stderr)));
