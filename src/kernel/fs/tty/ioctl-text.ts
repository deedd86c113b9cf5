// The argument of ioctl(2) in lines of a trace, as strace writes it.
import type { VAddr } from "../../../abi/brand.ts";
import { F, T } from "../../../abi/uapi/ioctl.ts";
import { flagText } from "../../syscall/arg-flags.ts";
import type { ShowContext } from "../../syscall/declaration.ts";
import { I, L, O, termios, winsize } from "./termios.ts";

const termiosText = (ctx: ShowContext, at: VAddr): string | undefined => {
  const bytes = ctx.task.mem.read(at, termios.size(ctx.abi));
  if (!bytes) return undefined;
  const x = termios.decode(bytes, ctx.abi);
  return `{c_iflag=${flagText(x.c_iflag, I)}, c_oflag=${flagText(x.c_oflag, O)}, c_cflag=0x${x.c_cflag.toString(16)}, c_lflag=${flagText(x.c_lflag, L)}, ...}`;
};
const winsizeText = (ctx: ShowContext, at: VAddr): string | undefined => {
  const bytes = ctx.task.mem.read(at, 8);
  if (!bytes) return undefined;
  const w = winsize.decode(bytes, ctx.abi);
  return `{ws_row=${w.ws_row}, ws_col=${w.ws_col}, ws_xpixel=${w.ws_xpixel}, ws_ypixel=${w.ws_ypixel}}`;
};
const intText = (ctx: ShowContext, at: VAddr): string | undefined => {
  const n = ctx.task.mem.u32(at);
  return n < 0 ? undefined : `[${n | 0}]`;
};
/** Requests whose argument the caller fills. The next table has those that the kernel fills. */
const inText = new Map<number, typeof intText>([
  [T.TCSETS, termiosText],
  [T.TCSETSW, termiosText],
  [T.TCSETSF, termiosText],
  [T.TIOCSWINSZ, winsizeText],
  [T.TIOCSPGRP, intText],
  [F.FIONBIO, intText],
  [F.FIOASYNC, intText],
  [T.TIOCSPTLCK, intText],
]);
const outText = new Map<number, typeof intText>([
  [T.TCGETS, termiosText],
  [T.TIOCGWINSZ, winsizeText],
  [T.TIOCGPGRP, intText],
  [T.TIOCGSID, intText],
  [F.FIONREAD, intText],
  [T.TIOCGPTN, intText],
]);
const noArgument = new Set<number>([F.FIOCLEX, F.FIONCLEX, T.TIOCNOTTY, T.TIOCEXCL, T.TIOCNXCL]);

/** The text of an argument. Undefined: it is shown as an address. */
export const argumentText = (v: VAddr, ctx: ShowContext): string | undefined => {
  const r = ctx.all["request"] as number;
  if (noArgument.has(r)) return "";
  if (r === F.FICLONE) return ctx.style.fd(ctx.task, v % 2 ** 32);
  const text = inText.get(r) ?? (ctx.ret >= 0 ? outText.get(r) : undefined);
  return text?.(ctx, v);
};
