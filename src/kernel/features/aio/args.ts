// Argument types of asynchronous I/O, shown as strace shows them. strace src/aio.c.
import { type Abi, x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { IO_EVENT_SIZE, IOCB_CMD, IOCB_FLAG, iocb, ioEvent } from "../../../abi/uapi/aio.ts";
import { hexText, ptr } from "../../syscall/arg.ts";
import { type FlagNames, flagText } from "../../syscall/arg-flags.ts";
import { bufferText, inStruct, outStruct } from "../../syscall/arg-string.ts";
import type { ArgType, ShowContext } from "../../syscall/declaration.ts";

const prefixed = (prefix: string, table: FlagNames): FlagNames =>
  Object.fromEntries(Object.entries(table).map(([name, n]) => [prefix + name, n]));
const commands = prefixed("IOCB_CMD_", IOCB_CMD);
const flagNames = prefixed("IOCB_FLAG_", IOCB_FLAG);
const big = (n: bigint): string => (n === 0n ? "0" : `0x${n.toString(16)}`);
/** Elements of a list that are shown. */
const SHOWN = 32;
const listText = (n: number, one: (i: number) => string): string =>
  `[${Array.from({ length: Math.min(n, SHOWN) }, (_, i) => one(i)).join(", ")}${n > SHOWN ? ", ..." : ""}]`;

/** aio_context_t: the address of the ring. */
export const aioContext: ArgType<VAddr> = { ...ptr, c: "aio_context_t" };
const word = (ctx: ShowContext, at: number): number => ctx.task.mem.word(at, ctx.abi.long);
/** The context that io_setup(2) makes. */
export const setUpContext = outStruct("aio_context_t *", (ctx, at) => `[${hexText(word(ctx, at))}]`);

type Shown = "none" | "common" | "vector" | "poll";
const shownAs: Readonly<Record<number, Shown>> = {
  [IOCB_CMD.PREAD]: "common",
  [IOCB_CMD.PWRITE]: "common",
  [IOCB_CMD.POLL]: "poll",
  [IOCB_CMD.PREADV]: "vector",
  [IOCB_CMD.PWRITEV]: "vector",
};
const iocbText = (ctx: ShowContext, at: number, whole: boolean): string => {
  const bytes = ctx.task.mem.read(at, iocb.size(x64));
  if (!bytes) return ptr.show(at as VAddr, ctx);
  const c = iocb.decode(bytes, x64);
  const parts = [`aio_data=${big(c.data)}`];
  if (c.key !== 0) parts.push(`aio_key=${c.key}`);
  parts.push(`aio_lio_opcode=${Object.keys(commands).find((name) => commands[name] === c.opcode) ?? `${c.opcode} /* IOCB_CMD_??? */`}`);
  if (c.reqprio !== 0) parts.push(`aio_reqprio=${c.reqprio}`);
  parts.push(`aio_fildes=${ctx.style.fd(ctx.task, c.fildes | 0)}`);
  const kind = whole ? (shownAs[c.opcode] ?? "none") : "none";
  const isText = c.opcode === IOCB_CMD.PWRITE && c.nbytes < 2n ** 31n;
  if (kind === "common") parts.push(`aio_buf=${isText ? bufferText(ctx, Number(c.buf) as VAddr, Number(c.nbytes)) : big(c.buf)}`);
  if (kind === "vector") parts.push(`aio_buf=${big(c.buf)}`);
  if (kind === "poll") parts.push(`aio_buf=${big(c.buf)}`);
  if (kind === "common" || kind === "vector") parts.push(`aio_nbytes=${c.nbytes}`, `aio_offset=${c.offset}`);
  if (kind !== "none" && c.flags !== 0) parts.push(`aio_flags=${flagText(c.flags, flagNames, "0", "IOCB_FLAG_???")}`);
  if (kind !== "none" && (c.flags & IOCB_FLAG.RESFD) !== 0) parts.push(`aio_resfd=${ctx.style.fd(ctx.task, c.resfd | 0)}`);
  return `{${parts.join(", ")}}`;
};
/** A request. */
export const oneIocb = inStruct("struct iocb *", (ctx, at) => iocbText(ctx, at, false));
/** The requests of io_submit(2); the argument `nr` has their number. */
export const iocbs = inStruct("struct iocb **", (ctx, at) => {
  const nr = ctx.all["nr"] as number;
  return nr < 0 ? undefined : listText(nr, (i) => iocbText(ctx, word(ctx, at + i * ctx.abi.long), true));
});
/** Completions; the result is their number. */
export const ioEvents = outStruct("struct io_event *", (ctx, at) =>
  listText(ctx.ret, (i) => {
    const bytes = ctx.task.mem.read(at + i * IO_EVENT_SIZE, IO_EVENT_SIZE);
    if (!bytes) return "???";
    const e = ioEvent.decode(bytes, x64 satisfies Abi);
    return `{data=${big(e.data)}, obj=${big(e.obj)}, res=${e.res}, res2=${e.res2}}`;
  }),
);
