// The style of a trace from its options. strace's defaults: 32 bytes of a string, brief structures.
import { texts } from "../../kernel/show/texts.ts";
import type { Style } from "../../kernel/syscall/declaration.ts";
import { descriptorText } from "./descriptors.ts";
import type { TraceOptions } from "./strace/options.ts";

const STRINGS = 32;
/** The style of these options. `fd`: how descriptors are written. */
export const styleOf = ({ strings = STRINGS, verbose = false, hex }: TraceOptions, fd: Style["fd"]): Style => ({
  strings,
  verbose,
  hex: hex ?? 0,
  fd,
  texts,
});
/** strace without options. */
export const plainStyle = styleOf({}, descriptorText(0));
