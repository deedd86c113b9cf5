// The records of an upper layer's journal as zod schemas.
import { z } from "zod";

const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const word = z.number().int().min(0).max(0xffff_ffff);
/** A name of a directory: no path. */
const name = z.string().regex(/^(?!\.{1,2}$)[^/\0\u0100-\uffff]{1,255}$/);
const node = z.strictObject({
  mode: z.number().int().min(0).max(0o177777),
  uid: word,
  gid: word,
  rdev: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  times: z.array(z.number()).length(6),
  xattrs: z.record(z.string(), z.string()).optional(),
  target: z.string().max(4096).optional(),
  lower: z
    .string()
    .refine((path) => path === "" || path.split("/").every((part) => name.safeParse(part).success))
    .optional(),
  base: id.optional(),
});

/** One line of the journal. */
export const upperRecord = z.strictObject({
  nodes: z.array(z.tuple([id, node])).optional(),
  names: z.array(z.tuple([id, name, id])).optional(),
  chunks: z
    .array(
      z.tuple([
        id,
        id,
        z
          .number()
          .int()
          .min(1)
          .max(2 ** 24),
      ]),
    )
    .optional(),
});
/** The first line. */
export const upperHead = z.strictObject({ trapgate: z.literal("overlay"), version: z.literal(1) });
