// The format of a snapshot's file: kinds of objects and of values.

/** A file of the host that the snapshot uses. */
export interface HostFile {
  /** The tree: "" is the root, others by their places in the guest. */
  readonly tree: string;
  readonly path: readonly string[];
  readonly type: number;
  readonly size: number;
  readonly mtime: readonly [number, number];
  readonly ctime: readonly [number, number];
  /** `HostNode.identity`, if the tree knows it. */
  readonly identity?: string;
  /** A hash of the content, if it was read. */
  readonly hash?: string;
  /** It is of a writable mount. */
  readonly isWritable?: true;
}
/** Kinds of items. */
export const KINDS = ["object", "array", "map", "set", "buffer", "view", "port"] as const;
/** Typed arrays by name. */
export const VIEWS = {
  Uint8Array,
  Uint16Array,
  Uint32Array,
  Int8Array,
  Int16Array,
  Int32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
};
/** The names of typed arrays. */
export const VIEW_NAMES = Object.keys(VIEWS) as (keyof typeof VIEWS)[];
/** The types of values. */
export const tag = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  count: 4,
  double: 5,
  bigint: 6,
  text: 7,
  constant: 8,
  host: 9,
  tree: 10,
  hole: 11,
  bytes: 12,
  supplied: 13,
  network: 14,
  store: 15,
} as const;
/** The kinds of prototypes. */
export const protoTag = { plain: 0, null: 1, class: 2, item: 3 } as const;
