// Landlock: a task restricts itself by rules on files, TCP ports, sockets and signals. man 7 landlock; Linux
// security/landlock/syscalls.c.
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_RDWR } from "../../../abi/uapi/fcntl.ts";
import { ACCESS_FS, ACCESS_NET, CREATE_RULESET, RESTRICT_SELF, RULE, SCOPE } from "../../../abi/uapi/landlock.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capableHere } from "../../cred/cred.ts";
import { FileDescription } from "../../fs/vfs/file.ts";
import { install } from "../../fs/vfs/install.ts";
import { fd, int, size } from "../../syscall/arg.ts";
import { choice, type FlagNames, flags, flagText } from "../../syscall/arg-flags.ts";
import { inStruct } from "../../syscall/arg-string.ts";
import { type ArgType, type ShowContext, type Syscall, syscall } from "../../syscall/declaration.ts";
import { addLayer, domainOf, type FileKey, fileKey, type Handled, weightWith } from "./domain.ts";
import { LANDLOCK } from "./name.ts";
import { ALL_FS, FILE_RIGHTS } from "./paths.ts";
import { ownSizes } from "./sizes.ts";
import { landlockAbi } from "./versions.ts";

/** The members of struct landlock_ruleset_attr, u64 each, with the rights that an ABI version knows. */
const MEMBERS = [
  { name: "handled_access_fs", bits: ACCESS_FS, unknown: "LANDLOCK_ACCESS_FS_???", known: (abi: number) => (2 << fsBits(abi)) - 1 },
  { name: "handled_access_net", bits: ACCESS_NET, unknown: "LANDLOCK_ACCESS_NET_???", known: (abi: number) => (abi >= 4 ? 3 : 0) },
  { name: "scoped", bits: SCOPE, unknown: "LANDLOCK_SCOPE_???", known: (abi: number) => (abi >= 6 ? 3 : 0) },
] as const;
/** The highest file right of an ABI version: REFER since 2, TRUNCATE since 3, IOCTL_DEV since 5. */
const fsBits = (abi: number): number => (abi >= 5 ? 15 : abi >= 3 ? 14 : abi >= 2 ? 13 : 12);
/** The size of struct landlock_ruleset_attr of an ABI version, in bytes. */
const attributeSize = (abi: number): number => (abi >= 6 ? 24 : abi >= 4 ? 16 : 8);
const PAGE = 4096;

/** The mended defects that LANDLOCK_CREATE_RULESET_ERRATA reports: TCP only; signals within a process. */
const ERRATA = 3;

/** The file of a ruleset: handled rights, and rules by object. */
export class RulesetFile extends FileDescription {
  readonly handled: Handled;
  readonly files = new Map<FileKey, number>();
  readonly ports = new Map<number, number>();
  private _charged = 0;
  constructor(task: Task, handled: Handled) {
    const path = task.kernel.vfs.anonymous(task, "[landlock-ruleset]");
    super(path.dentry.inode, O_RDWR, path);
    this.handled = handled;
  }
  /** Adds rights on an object: 0 or -ENOMEM. */
  grant<K>(rules: Map<K, number>, key: K, access: number): number {
    if (!rules.has(key)) {
      if (!this.inode.fs.account.take(ownSizes.rule)) return -E.ENOMEM;
      this._charged += ownSizes.rule;
    }
    rules.set(key, (rules.get(key) ?? 0) | access);
    return 0;
  }
  override release(): void {
    this.inode.fs.account.give(this._charged);
  }
}

const u64 = (bytes: Uint8Array, at: number): bigint => new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);

/** Copies a structure that may be longer or shorter than the kernel's. Linux copy_min_struct_from_user(). */
const copyAttribute = (t: Task, at: VAddr, given: number, known: number): Uint8Array | number => {
  if (at === 0) return -E.EFAULT;
  if (given < 8) return -E.EINVAL;
  if (given > PAGE) return -E.E2BIG;
  const bytes = t.mem.read(at, given);
  if (!bytes) return -E.EFAULT;
  if (bytes.subarray(known).some((b) => b !== 0)) return -E.E2BIG;
  const all = new Uint8Array(24);
  all.set(bytes.subarray(0, known));
  return all;
};

const create = (t: Task, at: VAddr, given: number, how: number): number => {
  const abi = landlockAbi(t.kernel.profile);
  if (abi === 0) return -E.ENOSYS;
  if (how !== 0) {
    if (at !== 0 || given !== 0) return -E.EINVAL;
    if (how === CREATE_RULESET.LANDLOCK_CREATE_RULESET_VERSION) return abi;
    return how === CREATE_RULESET.LANDLOCK_CREATE_RULESET_ERRATA && abi >= 7 ? ERRATA : -E.EINVAL;
  }
  const bytes = copyAttribute(t, at, given, attributeSize(abi));
  if (typeof bytes === "number") return bytes;
  const values = MEMBERS.map((_, i) => u64(bytes, 8 * i));
  if (MEMBERS.some(({ known }, i) => (values[i] as bigint) & ~BigInt(known(abi)))) return -E.EINVAL;
  if (values.every((value) => value === 0n)) return -E.ENOMSG;
  const [fs, net, scope] = values.map(Number) as [number, number, number];
  return install(t, new RulesetFile(t, { fs, net, scope }), true);
};

/** The ruleset of a descriptor, or -errno. Linux get_ruleset_from_fd(). */
const rulesetOf = (t: Task, fd: number): RulesetFile | number => {
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  return file instanceof RulesetFile ? file : -E.EBADFD;
};

/** struct landlock_path_beneath_attr, packed: u64 allowed_access, s32 parent_fd. */
const PATH_SIZE = 12;
/** struct landlock_net_port_attr: u64 allowed_access, u64 port. */
const PORT_SIZE = 16;

/** Reads a rule's structure and checks its rights against the handled ones. */
const readRule = (t: Task, at: VAddr, length: number, handled: number): Uint8Array | number => {
  const bytes = t.mem.read(at, length);
  if (!bytes) return -E.EFAULT;
  const access = u64(bytes, 0);
  if (access === 0n) return -E.ENOMSG;
  return access & ~BigInt(handled) ? -E.EINVAL : bytes;
};

/** Linux add_rule_path_beneath(), landlock_append_fs_rule(). */
const addPath = (t: Task, ruleset: RulesetFile, at: VAddr): number => {
  const bytes = readRule(t, at, PATH_SIZE, ruleset.handled.fs);
  if (typeof bytes === "number") return bytes;
  const access = Number(u64(bytes, 0));
  const file = t.files.getRaw(new DataView(bytes.buffer, bytes.byteOffset).getInt32(8, true));
  if (!file) return -E.EBADF;
  const { inode } = file;
  if (inode.fs.internal) return -E.EBADFD;
  if (!inode.isDir && access & ~FILE_RIGHTS) return -E.EINVAL;
  // Rights that the ruleset does not handle are allowed.
  return ruleset.grant(ruleset.files, fileKey(inode), access | (ALL_FS & ~(ruleset.handled.fs | ACCESS_FS.LANDLOCK_ACCESS_FS_REFER)));
};
/** Linux add_rule_net_port(). */
const addPort = (t: Task, ruleset: RulesetFile, at: VAddr): number => {
  const bytes = readRule(t, at, PORT_SIZE, ruleset.handled.net);
  if (typeof bytes === "number") return bytes;
  const port = u64(bytes, 8);
  if (port > 0xffffn) return -E.EINVAL;
  return ruleset.grant(ruleset.ports, Number(port), Number(u64(bytes, 0)));
};

const addRule = (t: Task, fd: number, type: number, at: VAddr, how: number): number => {
  const abi = landlockAbi(t.kernel.profile);
  if (abi === 0) return -E.ENOSYS;
  if (how !== 0) return -E.EINVAL;
  const ruleset = rulesetOf(t, fd);
  if (typeof ruleset === "number") return ruleset;
  if (type === RULE.LANDLOCK_RULE_PATH_BENEATH) return addPath(t, ruleset, at);
  return type === RULE.LANDLOCK_RULE_NET_PORT && abi >= 4 ? addPort(t, ruleset, at) : -E.EINVAL;
};

/** The flags of landlock_restrict_self(2) that an ABI version knows. They concern the audit log only. */
const restrictFlags = (abi: number): number => (abi >= 7 ? 7 : 0);

const restrictSelf = (t: Task, fd: number, how: number): number => {
  const abi = landlockAbi(t.kernel.profile);
  if (abi === 0) return -E.ENOSYS;
  if (!t.noNewPrivs && !capableHere(t.cred, CAP.SYS_ADMIN)) return -E.EPERM;
  if (how & ~restrictFlags(abi)) return -E.EINVAL;
  // Without a ruleset only the log of later domains changes.
  if (fd === -1 && how === RESTRICT_SELF.LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF) return 0;
  const ruleset = rulesetOf(t, fd);
  if (typeof ruleset === "number") return ruleset;
  const { garbage, frames } = t.kernel;
  garbage.tidy();
  const old = domainOf(t.cred);
  if (!frames.account.canTake(weightWith(old, ruleset))) return -E.ENOMEM;
  const domain = addLayer(old, ruleset.handled, ruleset);
  if (!domain) return -E.E2BIG;
  t.cred = { ...t.cred, security: { ...t.cred.security, [LANDLOCK]: domain } };
  garbage.add(domain, domain.weight);
  return 0;
};

const bitsText = (value: bigint, names: FlagNames, unknown: string): string =>
  value < 2n ** 31n ? flagText(Number(value), names, "0", unknown) : `0x${value.toString(16)} /* ${unknown} */`;
/** strace's text of struct landlock_ruleset_attr, as far as the given size goes. */
const attributeText = (ctx: ShowContext, at: VAddr): string | undefined => {
  const length = Math.min(ctx.all["size"] as number, 24);
  const bytes = length < 8 ? undefined : ctx.task.mem.read(at, length);
  if (!bytes) return undefined;
  const members = MEMBERS.slice(0, Math.floor(length / 8)).map(
    ({ name, bits, unknown }, i) => `${name}=${bitsText(u64(bytes, 8 * i), bits, unknown)}`,
  );
  return `{${members.join(", ")}}`;
};
const ruleText = (ctx: ShowContext, at: VAddr): string | undefined => {
  const isPath = ctx.all["rule_type"] === RULE.LANDLOCK_RULE_PATH_BENEATH;
  const isPort = ctx.all["rule_type"] === RULE.LANDLOCK_RULE_NET_PORT;
  const bytes = isPath || isPort ? ctx.task.mem.read(at, isPath ? PATH_SIZE : PORT_SIZE) : undefined;
  if (!bytes) return undefined;
  const access = bitsText(u64(bytes, 0), isPath ? ACCESS_FS : ACCESS_NET, isPath ? MEMBERS[0].unknown : MEMBERS[1].unknown);
  const object = isPath ? `parent_fd=${new DataView(bytes.buffer, bytes.byteOffset).getInt32(8, true)}` : `port=${u64(bytes, 8)}`;
  return `{allowed_access=${access}, ${object}}`;
};
const attribute: ArgType<VAddr> = inStruct("struct landlock_ruleset_attr *", attributeText);
const rule: ArgType<VAddr> = inStruct("const void *", ruleText);
const createFlags = flags("uint32_t", CREATE_RULESET, "LANDLOCK_CREATE_RULESET_???");
const selfFlags = flags("uint32_t", RESTRICT_SELF, "");
const noFlags = flags("uint32_t", {});

/** Calls of Landlock. man 7 landlock. */
export const landlockCalls: readonly Syscall[] = [
  syscall("landlock_create_ruleset", { attr: attribute, size, flags: createFlags }, (t, a) => create(t, a.attr, a.size, a.flags), {
    note: "the ABI version of the kernel profile, at most 7",
  }),
  syscall(
    "landlock_add_rule",
    { ruleset_fd: fd, rule_type: choice("enum landlock_rule_type", RULE, "LANDLOCK_RULE_???"), rule_attr: rule, flags: noFlags },
    (t, a) => addRule(t, a.ruleset_fd, a.rule_type, a.rule_attr, a.flags),
  ),
  syscall("landlock_restrict_self", { ruleset_fd: int, flags: selfFlags }, (t, a) => restrictSelf(t, a.ruleset_fd, a.flags), {
    note: "without the audit log of 6.15",
  }),
];
