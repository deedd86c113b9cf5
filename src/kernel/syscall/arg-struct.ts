// Pointers to structures. The trace shows them with the texts of src/kernel/show, which are loaded with the
// first trace.

import type { VAddr } from "../../abi/brand.ts";
import { ptr } from "./arg.ts";
import type { ArgType, ShowContext, Text, Texts } from "./declaration.ts";

/** The name of a text of src/kernel/show. */
export type TextName = Exclude<keyof Texts, "names" | "notif">;

const textOf = (name: TextName, v: VAddr, ctx: ShowContext, size: string | undefined): string => {
  if (v === 0) return "NULL";
  const text: Text = ctx.style.texts[name];
  return text(ctx, v, size === undefined ? ctx.ret : (ctx.all[size] as number)) ?? ptr.show(v, ctx);
};

/** A structure that the caller fills. `size`: the argument that holds its size or its number of elements. */
export const given = (name: TextName, size?: string): ArgType<VAddr> => ({
  ...ptr,
  c: `const ${name} *`,
  show: (v, ctx) => textOf(name, v, ctx, size),
});
/** A structure that the kernel fills, shown if the call succeeds. Without `size` the text gets the result. */
export const filled = (name: TextName, size?: string): ArgType<VAddr> => ({
  ...ptr,
  c: `${name} *`,
  out: true,
  show: (v, ctx) => (ctx.ret < 0 ? ptr.show(v, ctx) : textOf(name, v, ctx, size)),
});
/** A length that the caller gives and the kernel changes: `[128 => 16]`. */
export const changedLength: ArgType<VAddr> = {
  ...ptr,
  c: "socklen_t *",
  out: true,
  before: (v, ctx) => (v === 0 ? "NULL" : String(ctx.task.mem.u32(v))),
  show: (v, ctx) => {
    const now = v === 0 ? -1 : ctx.task.mem.u32(v);
    if (now < 0) return ptr.show(v, ctx);
    const { before } = ctx;
    return before === undefined || before === String(now) || ctx.ret < 0 ? `[${before ?? now}]` : `[${before} => ${now | 0}]`;
  },
};
