// The style of a trace from its options. strace's defaults: 32 bytes of a string, brief structures.
import { texts } from "../../kernel/show/texts.ts";
import type { Style } from "../../kernel/syscall/declaration.ts";
import { descriptorText } from "./descriptors.ts";
import type { TraceOptions } from "./strace/options.ts";

const STRINGS = 32;
/** The style of these options, for all calls. `fd`: how descriptors are written. */
const styleOf = ({ strings = STRINGS, verbose = false, hex }: TraceOptions, fd: Style["fd"]): Style => ({
  strings,
  verbose,
  structures: true,
  raw: false,
  hex: hex ?? 0,
  fd,
  texts,
});
/** strace without options. */
export const plainStyle = styleOf({}, descriptorText(0));

/** The sets of calls that are written in another style: -e abbrev=, -e verbose=, -e raw=. */
export interface StyleSets {
  readonly abbrev: ((name: string) => boolean) | undefined;
  readonly structures: ((name: string) => boolean) | undefined;
  readonly raw: ((name: string) => boolean) | undefined;
}
/** The style of each call by its name. */
export const stylesOf = (options: TraceOptions, fd: Style["fd"], { abbrev, structures, raw }: StyleSets): ((name: string) => Style) => {
  const common = styleOf(options, fd);
  if (!abbrev && !structures && !raw) return () => common;
  const known = new Map<string, Style>();
  return (name) => {
    const found = known.get(name) ?? {
      ...common,
      verbose: abbrev ? !abbrev(name) : common.verbose,
      structures: structures?.(name) ?? true,
      raw: raw?.(name) ?? false,
    };
    known.set(name, found);
    return found;
  };
};
