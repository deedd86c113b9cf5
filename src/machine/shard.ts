// A shard: one of several parts of some work, the same part on every machine.

/** One of several parts of a search, the same part on every machine. */
export interface Shard {
  /** 1 to `of`, as vitest and Playwright count. */
  readonly number: number;
  readonly of: number;
}

/**
 * Is this item, counted from 0, of the shard? Neighbours go to different shards: they cost about the same.
 */
export const inShard = ({ number, of }: Shard, item: number): boolean => item % of === number - 1;
