// `--shard i/n`: one of n parts of some work, the same work on every machine. Parts are numbered from 1, as vitest and Playwright have it.
import { Problem } from "../problem.ts";

export interface Shard {
  /** 1 to `of`. */
  readonly number: number;
  readonly of: number;
}

export const shard = (text: string, option = "--shard"): Shard => {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  const [number, of] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || number < 1 || number > of)
    throw new Problem("usage", `${option} wants a part and how many there are, such as 3/16, not "${text}"`);
  return { number, of };
};

/** Is this item, counted from 0, of the shard? Neighbours go to different shards: they cost about the same. */
export const inShard = ({ number, of }: Shard, item: number): boolean => item % of === number - 1;
