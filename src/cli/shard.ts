// `--shard i/n`: which part of the work to do.
import type { Shard } from "../machine/shard.ts";
import { Problem } from "../problem.ts";

/** The value of --shard: `I/N`. Throws a Problem that names the option. */
export const shard = (text: string, option = "--shard"): Shard => {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  const [number, of] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || number < 1 || number > of)
    throw new Problem("bad-value", `${option} wants a part and how many there are, such as 3/16, not "${text}"`);
  return { number, of };
};
