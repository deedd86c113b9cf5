// Submission: entries of the ring become requests, with their checks, links and drains. Linux
// io_uring/io_uring.c io_submit_sqes(), io_init_req().
import { x64 } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { OP, OP_LAST, SETUP, SQE_FLAG, sqe as sqeStruct } from "../../../abi/uapi/io-uring.ts";
import { cost } from "../../base/cost.ts";
import { checkPriority } from "../../calls/process/ioprio.ts";
import type { Task } from "../../core/task.ts";
import { ownOperations } from "./native-operations.ts";
import { networkOperations } from "./network.ts";
import type { UringOperation } from "./operation.ts";
import { callOperations } from "./operations.ts";
import { ringsOf } from "./part.ts";
import { type Sqe, UringRequest } from "./request.ts";
import type { Chain, UringFile } from "./ring.ts";

/** All operations, by number. */
export const operations: Readonly<Record<number, UringOperation>> = { ...callOperations, ...networkOperations, ...ownOperations };

const ALL_FLAGS = Object.values(SQE_FLAG).reduce((a, b) => a | b, 0);
/** The operation of a submission, or -errno. Linux io_init_req(), and the prep function of each. */
const check = (t: Task, ring: UringFile, sqe: Sqe): UringOperation | number => {
  if (sqe.opcode >= OP_LAST || sqe.flags & ~ALL_FLAGS) return -E.EINVAL;
  const operation = operations[sqe.opcode];
  const { restrictions } = ring;
  if (restrictions) {
    const { operations: allowed, allowed: flags, required } = restrictions;
    if (!allowed.has(sqe.opcode) || (sqe.flags & required) !== required || sqe.flags & ~(flags | required)) return -E.EACCES;
  }
  if (sqe.flags & SQE_FLAG.CQE_SKIP_SUCCESS) ring.drainDisabled = true;
  if (!operation || (sqe.flags & SQE_FLAG.IO_DRAIN && ring.drainDisabled)) return -E.EOPNOTSUPP;
  if (sqe.flags & SQE_FLAG.BUFFER_SELECT && !operation.selects) return -E.EOPNOTSUPP;
  const priority = operation.ioprio === "priority" ? checkPriority(t, sqe.ioprio) : sqe.ioprio & ~(operation.ioprio ?? 0) ? -E.EINVAL : 0;
  if (priority < 0) return priority;
  if (operation.noFixed && sqe.flags & SQE_FLAG.FIXED_FILE) return -E.EBADF;
  if (ring.shape.flags & SETUP.IOPOLL && !POLLED.has(sqe.opcode)) return -E.EINVAL;
  if (sqe.personality !== 0 && !ring.personalities.has(sqe.personality)) return -E.EINVAL;
  return (operation.zero ?? []).some((member) => Number(sqe[member]) !== 0) ? -E.EINVAL : operation;
};
/** The operations that a ring with IORING_SETUP_IOPOLL takes. */
// biome-ignore format: table
const POLLED: ReadonlySet<number> = new Set([
  OP.NOP, OP.READ, OP.WRITE, OP.READV, OP.WRITEV, OP.READ_FIXED, OP.WRITE_FIXED, OP.CLOSE, OP.PROVIDE_BUFFERS, OP.REMOVE_BUFFERS, OP.FILES_UPDATE,
  OP.MSG_RING,
]);
/** A refused submission of a chain: its result stands when the chain is cancelled. */
const REFUSED: UringOperation = { work: (r) => r.refusal };

const LINKS = SQE_FLAG.IO_LINK | SQE_FLAG.IO_HARDLINK;

/** Entries in one piece of a call. */
const MOST = 64;

/**
 * Submits up to `count` entries, of which one call does a piece: the number of entries, and if it has to stop
 * (an entry was refused, or the ring is empty).
 */
export const submitSome = (t: Task, ring: UringFile, count: number): { readonly done: number; readonly over: boolean } => {
  ringsOf(t).rings.add(ring);
  let done = 0;
  let chain = ring.reading;
  ring.reading = undefined;
  const end = (): void => {
    const ready = chain;
    chain = undefined;
    if (ready?.broken) ready.head.refuseChain();
    else if (ready) ring.submit(ready.head);
  };
  let refused = false;
  while (done < count && !refused && done < MOST && ring.submissions > 0) {
    t.kernel.charge(cost.call);
    const bytes = ring.takeSubmission();
    refused = bytes === undefined;
    if (!bytes) break;
    done++;
    const sqe = sqeStruct.decode(bytes, x64) as Sqe;
    const operation = check(t, ring, sqe);
    const isRefused = typeof operation === "number";
    const request = new UringRequest(ring, sqe, t, isRefused ? REFUSED : operation);
    if (!chain) chain = { head: request, tail: request, broken: false };
    else link(chain, request);
    if (isRefused) {
      request.refusal = operation;
      chain.broken = true;
    }
    if ((sqe.flags & LINKS) !== 0) continue;
    end();
    refused = isRefused && (ring.shape.flags & SETUP.SUBMIT_ALL) === 0;
  }
  const over = refused || ring.submissions === 0 || done >= count;
  if (over) end();
  else ring.reading = chain;
  ring.consumed.wake();
  return { done, over };
};
const link = (chain: Chain, request: UringRequest): void => {
  const { tail } = chain;
  if (request.sqe.opcode === OP.LINK_TIMEOUT && tail.limit === undefined && tail.sqe.opcode !== OP.LINK_TIMEOUT) {
    tail.limit = request;
    request.limits = tail;
    return;
  }
  tail.next = request;
  chain.tail = request;
};
