// Argument types of the key calls, shown as strace shows them. strace src/keyctl.c.
import type { VAddr } from "../../../abi/brand.ts";
import { KEY_NEED, KEY_REQKEY_DEFL, KEY_SPEC, KEYCTL, KEYCTL_MOVE_EXCL, type KeyctlOperation } from "../../../abi/uapi/keyctl.ts";
import { PATH_MAX } from "../../../abi/uapi/limits.ts";
import { hexText, int, ptr, ulong } from "../../syscall/arg.ts";
import { choice, choiceText, type FlagNames, flagText } from "../../syscall/arg-flags.ts";
import { bufferText, cutText, styled } from "../../syscall/arg-string.ts";
import type { ArgType, ShowContext } from "../../syscall/declaration.ts";

const prefixed = (prefix: string, table: FlagNames): FlagNames =>
  Object.fromEntries(Object.entries(table).map(([name, n]) => [prefix + name, n]));
const specials = prefixed("KEY_SPEC_", KEY_SPEC);
const defaults = prefixed("KEY_REQKEY_DEFL_", KEY_REQKEY_DEFL);
const permissions: FlagNames = Object.fromEntries(
  Object.entries({ POS: 24, USR: 16, GRP: 8, OTH: 0 }).flatMap(([who, shift]) =>
    Object.entries(KEY_NEED).map(([name, bit]) => [`KEY_${who}_${name}`, (bit << shift) >>> 0]),
  ),
);
const serialText = (id: number): string => Object.entries(specials).find(([, n]) => n === id)?.[0] ?? String(id);

/** A key_serial_t. */
export const serial: ArgType<number> = { ...int, c: "key_serial_t", show: serialText };
/** A string of a key call: a type, a description. */
export const keyText: ArgType<VAddr> = { ...ptr, c: "const char *", show: (v, ctx) => stringText(v, ctx) };
const stringText = (v: VAddr, ctx: ShowContext): string => {
  if (v === 0) return "NULL";
  const text = ctx.task.mem.cString(v, PATH_MAX);
  return text === undefined ? ptr.show(v, ctx) : cutText(text, ctx.style);
};

/** The operation of keyctl(2). */
export const keyctlOperation = choice("int", prefixed("KEYCTL_", KEYCTL), "KEYCTL_???");

/** An `unsigned long` of keyctl(2), in the types to which an operation casts it. */
export interface KeyctlArgument {
  /** key_serial_t, int. */
  readonly int: number;
  readonly at: VAddr;
  readonly size: number;
}
type Show = (v: KeyctlArgument, ctx: ShowContext, rest: readonly KeyctlArgument[]) => string;
const id: Show = (v) => serialText(v.int);
const signed: Show = (v) => String(v.int);
const unsigned: Show = (v) => String(v.int >>> 0);
const size: Show = (v) => String(v.size);
const owner: Show = (v) => String(v.int);
const string: Show = (v, ctx) => stringText(v.at, ctx);
const pointer: Show = (v, ctx) => ptr.show(v.at, ctx);
const payload: Show = (v, ctx, [length]) => bufferText(ctx, v.at, length?.size ?? 0);
const result =
  (hasNul: boolean): Show =>
  (v, ctx, [length]) => {
    const shown = Math.min(ctx.ret - (hasNul ? 1 : 0), length?.size ?? 0);
    return ctx.ret < 0 || v.at === 0 ? ptr.show(v.at, ctx) : bufferText(ctx, v.at, shown, styled);
  };
const perms: Show = (v) => flagText(v.int >>> 0, permissions, "0", "KEY_???");
const moveFlags: Show = (v) => flagText(v.int, { KEYCTL_MOVE_EXCL }, "0", "KEYCTL_MOVE_???");
const ring: Show = (v) =>
  Object.values(defaults).includes(v.int) ? choiceText(v.int, defaults, "") : `${v.int} /* KEY_REQKEY_DEFL_??? */`;

// biome-ignore format: table
const shown: Readonly<Partial<Record<KeyctlOperation, readonly Show[]>>> = {
  GET_KEYRING_ID: [id, signed], JOIN_SESSION_KEYRING: [string], UPDATE: [id, payload, size], REVOKE: [id], CHOWN: [id, owner, owner],
  SETPERM: [id, perms], DESCRIBE: [id, result(true), size], CLEAR: [id], LINK: [id, id], UNLINK: [id, id], SEARCH: [id, string, string, id],
  READ: [id, result(false), size], INSTANTIATE: [id, payload, size, id], NEGATE: [id, unsigned, id], SET_REQKEY_KEYRING: [ring],
  SET_TIMEOUT: [id, unsigned], ASSUME_AUTHORITY: [id], GET_SECURITY: [id, result(true), size], SESSION_TO_PARENT: [],
  REJECT: [id, unsigned, unsigned, id], INSTANTIATE_IOV: [id, pointer, size, id], INVALIDATE: [id], GET_PERSISTENT: [owner, id],
  RESTRICT_KEYRING: [id, string, string], MOVE: [id, id, id, moveFlags], CAPABILITIES: [pointer, size],
};
const byNumber = new Map(Object.entries(shown).map(([name, list]) => [KEYCTL[name as KeyctlOperation], list]));
const hexadecimal: Show = (v) => hexText(v.size);

const keyctlValue: ArgType<KeyctlArgument>["decode"] = (raw, i, abi) => ({
  int: (raw[2 * i] as number) | 0,
  at: ptr.decode(raw, i, abi),
  size: ulong.decode(raw, i, abi),
});
/** Argument `n`, from 2 to 5, which the operation in `operation` gives a meaning. */
export const keyctlArgument = (n: number): ArgType<KeyctlArgument> => ({
  c: "unsigned long",
  out: true,
  decode: keyctlValue,
  show: (v, ctx) => {
    const list = byNumber.get(ctx.all["operation"] as number);
    const show = list ? list[n - 2] : hexadecimal;
    return show?.(v, ctx, [ctx.all[`arg${n + 1}`] as KeyctlArgument]) ?? "";
  },
});
