// Strings and buffers in user memory, quoted as strace quotes them.

import type { VAddr } from "../../abi/brand.ts";
import { PATH_MAX } from "../../abi/uapi/limits.ts";
import { ptr } from "./arg.ts";
import type { ArgType, ShowContext, Style } from "./declaration.ts";

const named: Readonly<Record<number, string>> = { 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\" };

/**
 * The text between the quotes of strace's string_quote(): printable ASCII and C escapes. An octal escape is
 * as short as the next character allows. `also`: characters that are escaped besides.
 */
export const escaped = (bytes: Uint8Array | string, also = ""): string => {
  const at = (i: number): number => (typeof bytes === "string" ? bytes.charCodeAt(i) : (bytes[i] as number));
  let out = "";
  for (let i = 0; i < bytes.length; i++) {
    const c = at(i);
    const name = named[c];
    if (name) out += name;
    else if (c >= 0x20 && c < 0x7f && !also.includes(String.fromCharCode(c))) out += String.fromCharCode(c);
    else {
      const next = i + 1 < bytes.length ? at(i + 1) : 0;
      const digit = next >= 0x30 && next <= 0x39;
      out += `\\${digit ? c.toString(8).padStart(3, "0") : c.toString(8)}`;
    }
  }
  return out;
};
/** The text with its quotes. */
export const quote = (bytes: Uint8Array | string): string => `"${escaped(bytes)}"`;

/** Every byte as `\x0f`: strace's QUOTE_FORCE_HEX, for binary data. */
export const quoteHex = (bytes: Uint8Array): string => `"${[...bytes].map((b) => `\\x${b.toString(16).padStart(2, "0")}`).join("")}"`;

const isText = (bytes: Uint8Array | string): boolean => {
  for (let i = 0; i < bytes.length; i++) {
    const c = typeof bytes === "string" ? bytes.charCodeAt(i) : (bytes[i] as number);
    if (!((c >= 0x20 && c < 0x7f) || (c >= 9 && c <= 13))) return false;
  }
  return true;
};
/** A string in the trace's style: in hex with -xx, and with -x if a byte is not ASCII text. */
export const styled = (bytes: Uint8Array | string, style: Style): string => {
  if (style.hex === 0 || (style.hex === 1 && isText(bytes))) return quote(bytes);
  return quoteHex(typeof bytes === "string" ? Uint8Array.from(bytes, (c) => c.charCodeAt(0)) : bytes);
};
/** A string of which only the first bytes are shown (-s). */
export const cutText = (text: string, style: Style): string =>
  styled(text.slice(0, style.strings), style) + (text.length > style.strings ? "..." : "");

/** The first bytes of a buffer (-s). */
export const bufferText = (
  ctx: ShowContext,
  at: VAddr,
  length: number,
  quoted: (bytes: Uint8Array, style: Style) => string = styled,
): string => {
  if (at === 0) return "NULL";
  const { strings } = ctx.style;
  const bytes = ctx.task.mem.read(at, Math.min(Math.max(length, 0), strings));
  if (!bytes) return ptr.show(at, ctx);
  return quoted(bytes, ctx.style) + (length > strings ? "..." : "");
};

/** A path or another NUL-terminated string, shown whole. */
export const cstring: ArgType<VAddr> = {
  ...ptr,
  c: "const char *",
  plain: true,
  show: (v, ctx) => {
    const text = v === 0 ? undefined : ctx.task.mem.cString(v, PATH_MAX);
    return text === undefined ? ptr.show(v, ctx) : styled(text, ctx.style) + (text.length === PATH_MAX ? "..." : "");
  },
};

/** A buffer that the caller fills. The argument named by `count` has its length. */
export const inBuffer = (count = "count"): ArgType<VAddr> => ({
  ...ptr,
  c: "const void *",
  plain: true,
  show: (v, ctx) => bufferText(ctx, v, ctx.all[count] as number),
});
/** A buffer that the kernel fills, with as many bytes as the result. */
const filled = (quoted: (bytes: Uint8Array, style: Style) => string): ArgType<VAddr> => ({
  ...ptr,
  c: "void *",
  plain: true,
  out: true,
  show: (v, ctx) => (ctx.ret < 0 ? ptr.show(v, ctx) : bufferText(ctx, v, ctx.ret, quoted)),
});
/** A buffer that the kernel fills with text. */
export const outBuffer = filled(styled);
/** A buffer that the kernel fills with random bytes. */
export const outRandom = filled(quoteHex);
/** A structure that the caller fills, shown by `text` if it is readable. */
export const inStruct = (c: string, text: (ctx: ShowContext, at: VAddr) => string | undefined): ArgType<VAddr> => ({
  ...ptr,
  c,
  show: (v, ctx) => (v === 0 ? ptr.show(v, ctx) : (text(ctx, v) ?? ptr.show(v, ctx))),
});
/** A structure that the kernel fills, shown by `text` if the call succeeded. */
export const outStruct = (c: string, text: (ctx: ShowContext, at: VAddr) => string | undefined): ArgType<VAddr> => ({
  ...ptr,
  c,
  out: true,
  show: (v, ctx) => (v === 0 || ctx.ret < 0 ? ptr.show(v, ctx) : (text(ctx, v) ?? ptr.show(v, ctx))),
});
