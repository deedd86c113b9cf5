// The dispatcher's routine (src/cpu/run-loop.ts): the block at which control goes on, decoded if it is new.
// It does what src/cpu/interp/block-cache.ts does, for blocks that need no notice of other parts. 0: the
// dispatcher must do it. V8 compiles a routine at its first call; the dispatcher's own code is optimised only
// when most of a program's start is over.
import { decode_alike } from "./alike";
import { context as contextAt, epoch, rip } from "./at";
import {
  blocksByFrame, blocksByIp, blockNode_context, blockNode_crosses, blockNode_frame, blockNode_frameBits, blockNode_head, blockNode_ip, blockNode_ipBits,
  blockNode_isIn, blockNode_isTarget, blockNode_nextByFrame, blockNode_nextByIp, blockNode_size, codePageFrames, codePages, codePages_count, codePages_quick,
  decoded, dispatch, dispatch_blocks, dispatch_contexts, dispatch_decoded, dispatch_displaced, dispatch_filled, dispatch_mostDecoded, dispatch_mostFilled,
  dispatch_mostTransfers, dispatch_next, dispatch_transfers, dispatch_transferSize, displaced, displaced_entries, displaced_hash, displaced_shift, filled,
  jumpCache, jumpCache_entries, jumpCache_hash, jumpCache_record, jumpCache_region, jumpCache_shift, jumpCache_size,
  note_conditional, note_crosses, note_length, notes, record_disp, record_handler, record_imm, record_link, record_remaining, record_size,
  recordIps, recordNotes, records, recordsEnd, special_next, special_region, special_stale, transfers,
} from "./places";

/** The most instructions of a block (src/cpu/interp/block-decoder.ts). */
const longest: i32 = 128;
/** The hash of addresses and frames. */
const golden: i32 = jumpCache_hash;
/** The pointer of an empty entry of the jump cache. */
const emptyEntry: i64 = i64.MIN_VALUE;

/** The node of the block that `blockAt` has returned. */
let node: i32 = 0;

// @ts-ignore: decorator
@inline function ipOf(rec: i32): f64 {
  return load<f64>(recordIps + ((rec - records) >> 2));
}
// @ts-ignore: decorator
@inline function noteOf(rec: i32): i32 {
  return load<i32>(recordNotes + ((rec - records) >> 3));
}
// @ts-ignore: decorator
@inline function isGone(handler: i32): bool {
  return handler == special_stale || handler == special_next;
}
// @ts-ignore: decorator
@inline function mayDecode(context: i32): bool {
  return ((load<i32>(dispatch, dispatch_contexts) >> context) & 1) != 0;
}

/** The frame of a code page whose blocks need no notice; 0 if there is none. */
function quickFrame(ip: i64): i32 {
  const page = ip >> 12;
  const place = <i32>page & (codePages_count - 1);
  if (load<f64>(codePages + place * 8) != <f64>page) return 0;
  const frame = load<i32>(codePageFrames + place * 4);
  return frame & codePages_quick ? frame & ~0xfff : 0;
}

/** Put a new node into the table. */
function enter(node: i32, frame: i32, ip: i64, context: i32, head: i32): void {
  const byIp = blocksByIp + ((<u32>(<i32>ip * golden) >> (32 - blockNode_ipBits)) << 2);
  const byFrame = blocksByFrame + ((<u32>((frame >>> 12) * golden) >> (32 - blockNode_frameBits)) << 2);
  store<i32>(node, load<i32>(byIp), blockNode_nextByIp);
  store<i32>(node, load<i32>(byFrame), blockNode_nextByFrame);
  store<i32>(node, frame | context, blockNode_frame);
  store<i32>(node, head, blockNode_head);
  store<f64>(node, <f64>ip, blockNode_ip);
  store<i32>(node, 1, blockNode_isIn);
  store<i32>(byIp, node);
  store<i32>(byFrame, node);
}

/** Decode the block at an address. 0: not all of its instructions have a template, or it is on two pages. */
function decode(frame: i32, ip: i64, context: i32): i32 {
  const place = load<i32>(dispatch, dispatch_next);
  const first = place + blockNode_size;
  const count = load<i32>(dispatch, dispatch_decoded);
  if (<u32>(first + (longest + 2) * record_size) > <u32>recordsEnd || count == dispatch_mostDecoded) return 0;
  const from = frame + (<i32>ip & 0xfff);
  const done = decode_alike(first, 0, longest, from, frame + 4096, <f64>ip, context);
  const n = done & 0xff;
  const ended = (done & 0x100) != 0;
  if (n == 0 || (!ended && n < longest && from + (done >> 9) < frame + 4096)) return 0;
  let ips = recordIps + ((first - records) >> 2);
  let its = recordNotes + ((first - records) >> 3);
  let rec = first;
  let at = <f64>ip;
  for (let i = 0; i < n; i++) {
    const note = load<i32>(notes + i * 4);
    store<u16>(rec, n - i, record_remaining);
    store<f64>(ips, at);
    store<i32>(its, note);
    at += <f64>(note & note_length);
    rec += record_size;
    ips += 8;
    its += 4;
  }
  if (!ended) {
    memory.fill(rec, 0, record_size);
    store<i32>(rec, special_next, record_handler);
    store<i64>(rec, <i64>at, record_disp);
    store<f64>(ips, at);
    store<i32>(its, 0);
    rec += record_size;
  }
  enter(place, frame, ip, context, first);
  store<i32>(decoded + count * 4, first);
  store<i32>(dispatch, count + 1, dispatch_decoded);
  store<i32>(dispatch, rec, dispatch_next);
  store<i32>(dispatch, load<i32>(dispatch, dispatch_blocks) + 1, dispatch_blocks);
  node = place;
  return first;
}

/** The first record of the block at an address; 0 if there is none and it cannot be decoded here. */
function blockAt(ip: i64, context: i32): i32 {
  const frame = quickFrame(ip);
  if (frame == 0) return 0;
  const key = frame | context;
  const mask = ~0xfff | blockNode_context | blockNode_crosses;
  for (let n = load<i32>(blocksByIp + ((<u32>(<i32>ip * golden) >> (32 - blockNode_ipBits)) << 2)); n; n = load<i32>(n, blockNode_nextByIp))
    if (load<f64>(n, blockNode_ip) == <f64>ip && (load<i32>(n, blockNode_frame) & mask) == key) {
      const head = load<i32>(n, blockNode_head);
      if (isGone(load<i32>(head, record_handler)) || noteOf(head) & note_crosses) return 0;
      node = n;
      return head;
    }
  return decode(frame, ip, context);
}

// @ts-ignore: decorator
@inline function entryOf(low: i32): i32 {
  return jumpCache + (((low * jumpCache_hash) >>> jumpCache_shift) & ((jumpCache_entries - 1) * jumpCache_size));
}
// @ts-ignore: decorator
@inline function displacedEntryOf(low: i32): i32 {
  return displaced + (((low * displaced_hash) >>> displaced_shift) & ((displaced_entries - 1) * jumpCache_size));
}

/** Put an address and its record into the jump cache, as `JumpCache.put`. */
function put(ip: i64, rec: i32): void {
  const entry = entryOf(<i32>ip);
  if (load<i64>(entry) != ip) {
    const second = entry ^ jumpCache_size;
    const there = load<i64>(second);
    if (there != ip) {
      const count = load<i32>(dispatch, dispatch_filled);
      if (count < dispatch_mostFilled) store<i32>(filled + count * 4, entry);
      store<i32>(dispatch, count + 1, dispatch_filled);
    }
    if (there == ip || load<i64>(entry) != emptyEntry) {
      if (there != ip && there != emptyEntry) {
        memory.copy(displacedEntryOf(<i32>there), second, jumpCache_size);
        store<i32>(dispatch, 1, dispatch_displaced);
      }
      memory.copy(second, entry, jumpCache_size);
    }
    store<i64>(entry, ip);
  }
  store<i32>(entry, rec, jumpCache_record);
  const enterable = load<i32>(rec, record_handler) == special_region && load<i32>(rec, record_imm) == load<i32>(0, epoch);
  store<i32>(entry, enterable ? load<i32>(rec, record_link) : 0, jumpCache_region);
}

/** The record of an address in the jump cache, also if another address has displaced it; else 0. */
function cached(ip: i64): i32 {
  const entry = entryOf(<i32>ip);
  let rec = 0;
  if (load<i64>(entry) == ip) rec = load<i32>(entry, jumpCache_record);
  else {
    const second = entry ^ jumpCache_size;
    const other = displacedEntryOf(<i32>ip);
    if (load<i64>(second) == ip) rec = load<i32>(second, jumpCache_record);
    else if (load<i64>(other) == ip) rec = load<i32>(other, jumpCache_record);
  }
  if (rec == 0 || isGone(load<i32>(rec, record_handler))) return 0;
  if (load<i64>(entry) != ip) put(ip, rec);
  return rec;
}

/** The block behind a record that does not branch, as `Blocks.follow`. */
export function block_behind(rec: i32): i32 {
  const context = load<i32>(0, contextAt);
  if (!mayDecode(context)) return 0;
  const next = ipOf(rec) + <f64>(noteOf(rec) & note_length);
  const ip = <i64>next;
  const head = blockAt(ip, context);
  if (head == 0) return 0;
  store<i64>(0, ip, rip);
  if (noteOf(rec) & note_conditional && !isGone(load<i32>(rec, record_handler))) {
    if (<i64>ipOf(rec) >> 12 == ip >> 12) {
      store<i32>(rec, head, record_imm);
      return head;
    }
    if (<i32>(ip >> 32) == load<i32>(rec, record_disp + 4)) store<i32>(rec, <i32>ip, record_imm + 4);
    store<i32>(node, load<i32>(node, blockNode_frame) | blockNode_isTarget, blockNode_frame);
  }
  put(ip, head);
  return head;
}

/** Note that a record has transferred control, as `Jit.recordTransfer`. */
function noteTransfer(rec: i32, ip: i64): void {
  if (rec == 0 || load<i32>(rec, record_handler) == special_region) return;
  const note = noteOf(rec);
  if (note & note_conditional) return;
  const count = load<i32>(dispatch, dispatch_transfers);
  const place = transfers + count * dispatch_transferSize;
  store<i32>(place, note);
  store<f64>(place, ipOf(rec), 8);
  store<f64>(place, <f64>ip, 16);
  store<i32>(dispatch, count + 1, dispatch_transfers);
}

/** The block to which a record has jumped: at rip. */
export function block_jumped(rec: i32): i32 {
  if (load<i32>(dispatch, dispatch_transfers) == dispatch_mostTransfers) return 0;
  const ip = load<i64>(0, rip);
  let head = cached(ip);
  if (head == 0) {
    const context = load<i32>(0, contextAt);
    if (!mayDecode(context)) return 0;
    head = blockAt(ip, context);
    if (head == 0) return 0;
    store<i32>(node, load<i32>(node, blockNode_frame) | blockNode_isTarget, blockNode_frame);
    put(ip, head);
  }
  noteTransfer(rec, ip);
  return head;
}
