// Colour only for a person's terminal: picocolors' own guess also counts continuous integration, whose pipes
// are read by programs. https://no-color.org
import pc from "picocolors";

const wanted = (stream: NodeJS.WriteStream): boolean => stream.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";

/** Colours of standard output. */
export const color = pc.createColors(wanted(process.stdout));
/** Colours of standard error. */
export const errorColor = pc.createColors(wanted(process.stderr));
