// The table of decoded blocks, by instruction pointer and by frame. It is in the machine's memory, because a
// routine reads and extends it (routines/blocks.ts). A node (layout.ts) lies in front of its block's records.

import { blockNode, jumpCache, layout } from "../machine/layout.ts";
import type { State } from "../machine/state.ts";

const golden = jumpCache.hash;
/** The index in words of the first node with an address, and with a frame. The routine computes the same. */
const firstByIp = (ip: number): number => (layout.blocksByIp >> 2) + (Math.imul(ip | 0, golden) >>> (32 - blockNode.ipBits));
const firstByFrame = (frame: number): number =>
  (layout.blocksByFrame >> 2) + (Math.imul(frame >>> 12, golden) >>> (32 - blockNode.frameBits));
const keyMask = ~0xfff | blockNode.context | blockNode.crosses;

/** The blocks of one processor. Heads are addresses of first records; 0: none. */
export class BlockTable {
  readonly #i32: Int32Array;
  readonly #f64: Float64Array;
  constructor(state: State) {
    this.#i32 = state.i32;
    this.#f64 = new Float64Array(state.memory.buffer);
  }

  /** The first record of a block of a frame. */
  get(frame: number, ip: number, context: number): number {
    const node = this.#node(ip, frame | context);
    return node === 0 ? 0 : (this.#i32[(node + blockNode.head) >> 2] as number);
  }
  /**
   * Makes a record the first one of the block at an address. The node in front of it is used if there is none
   * for this address. False if that node already has another address.
   */
  set(frame: number, ip: number, context: number, head: number): boolean {
    return this.#set(ip, frame | context, head, head - blockNode.size);
  }
  /**
   * Adds a block that begins on the page before a frame's page, at `ip`, and ends in the frame. `place`: for
   * a node. True if it is used.
   */
  setCrossing(frame: number, ip: number, context: number, head: number, place: number): boolean {
    const key = frame | context | blockNode.crosses;
    const isNew = this.#node(ip, key) === 0;
    this.#set(ip, key, head, place);
    return isNew;
  }
  /** Marks a block that a jump has reached. */
  setTarget(frame: number, ip: number, context: number): void {
    const node = this.#node(ip, frame | context);
    if (node !== 0) (this.#i32[(node + blockNode.frame) >> 2] as number) |= blockNode.isTarget;
  }
  /**
   * Calls `each` for the blocks of a frame in a context that jumps have reached, the latest first. It looks
   * at `most` blocks.
   */
  forEachTarget(frame: number, context: number, most: number, each: (ip: number, head: number) => void): void {
    const i32 = this.#i32;
    const word = frame | context | blockNode.isTarget;
    let node = i32[firstByFrame(frame)] as number;
    for (let n = 0; node !== 0 && n < most; n++) {
      if (i32[(node + blockNode.frame) >> 2] === word)
        each(this.#f64[(node + blockNode.ip) >> 3] as number, i32[(node + blockNode.head) >> 2] as number);
      node = i32[(node + blockNode.nextByFrame) >> 2] as number;
    }
  }
  /**
   * Calls `forgets` for each block of a frame with its context, or -1 if it begins on the previous page. True
   * removes the block.
   */
  forEach(frame: number, forgets: (head: number, context: number) => boolean): void {
    this.#forEachOf(frame, (node, word) =>
      forgets(this.#i32[(node + blockNode.head) >> 2] as number, word & blockNode.crosses ? -1 : word & blockNode.context),
    );
  }
  clear(): void {
    this.#i32.fill(0, layout.blocksByIp >> 2, (layout.blocksByIp >> 2) + (1 << blockNode.ipBits));
    this.#i32.fill(0, layout.blocksByFrame >> 2, (layout.blocksByFrame >> 2) + (1 << blockNode.frameBits));
  }

  #node(ip: number, key: number): number {
    const i32 = this.#i32;
    let node = i32[firstByIp(ip)] as number;
    while (node !== 0) {
      if (this.#f64[(node + blockNode.ip) >> 3] === ip && ((i32[(node + blockNode.frame) >> 2] as number) & keyMask) === (key | 0)) break;
      node = i32[(node + blockNode.nextByIp) >> 2] as number;
    }
    return node;
  }
  #set(ip: number, key: number, head: number, place: number): boolean {
    const i32 = this.#i32;
    const known = this.#node(ip, key);
    if (known !== 0) {
      i32[(known + blockNode.head) >> 2] = head;
      return true;
    }
    if (i32[(place + blockNode.isIn) >> 2] === 1) return false;
    const byIp = firstByIp(ip);
    const byFrame = firstByFrame(key);
    i32[(place + blockNode.nextByIp) >> 2] = i32[byIp] as number;
    i32[(place + blockNode.nextByFrame) >> 2] = i32[byFrame] as number;
    i32[(place + blockNode.frame) >> 2] = key;
    i32[(place + blockNode.head) >> 2] = head;
    this.#f64[(place + blockNode.ip) >> 3] = ip;
    i32[(place + blockNode.isIn) >> 2] = 1;
    i32[byIp] = i32[byFrame] = place;
    return true;
  }
  /** Calls `removes` for each node of a frame, with its context and flags. */
  #forEachOf(frame: number, removes: (node: number, word: number) => boolean): void {
    const i32 = this.#i32;
    let link = firstByFrame(frame);
    for (let node = i32[link] as number; node !== 0; node = i32[link] as number) {
      const word = i32[(node + blockNode.frame) >> 2] as number;
      const next = (node + blockNode.nextByFrame) >> 2;
      if ((word & ~0xfff) === (frame | 0) && removes(node, word & 0xfff)) {
        i32[link] = i32[next] as number;
        this.#removeByIp(node);
      } else link = next;
    }
  }
  #removeByIp(node: number): void {
    const i32 = this.#i32;
    let link = firstByIp(this.#f64[(node + blockNode.ip) >> 3] as number);
    while (i32[link] !== node) link = ((i32[link] as number) + blockNode.nextByIp) >> 2;
    i32[link] = i32[(node + blockNode.nextByIp) >> 2] as number;
    i32[(node + blockNode.isIn) >> 2] = 0;
  }
}
