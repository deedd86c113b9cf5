// The JSON of container profiles: OCI runtime-spec schema/config-linux.json (linux.seccomp), with the
// additions of Docker (moby/profiles seccomp/seccomp.go) and containers-common (pkg/seccomp/types.go).
import { z } from "zod";
import { actionNames } from "../actions.ts";

const MAX64 = (1n << 64n) - 1n;
const range = { error: "must be an integer from 0 to 2^64 - 1" };
/** An integer of 64 bits, as a bigint. */
export const uint64 = z
  .union([z.number(), z.bigint()], range)
  .refine((n) => typeof n === "bigint" || Number.isInteger(n), { ...range, abort: true })
  .transform(BigInt)
  .refine((n) => n >= 0n && n <= MAX64, range);
const errno = z.number({ error: "must be an error number" }).int().min(0).max(0xffff);
const names = z.array(z.string());
const action = z.enum(actionNames as [string, ...string[]]);
const op = z.enum(["SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"]);

/** The names of libseccomp's architectures. */
export const architectureNames = [
  ...[
    "NATIVE",
    "X86",
    "X86_64",
    "X32",
    "ARM",
    "AARCH64",
    "MIPS",
    "MIPS64",
    "MIPS64N32",
    "MIPSEL",
    "MIPSEL64",
    "MIPSEL64N32",
    "PPC",
    "PPC64",
  ],
  ...["PPC64LE", "S390", "S390X", "PARISC", "PARISC64", "RISCV64", "LOONGARCH64", "M68K", "SH", "SHEB"],
].map((name) => `SCMP_ARCH_${name}`);
const architecture = z.enum(architectureNames as [string, ...string[]]);

/** When a rule applies. Docker: all of includes, none of excludes. */
const filter = z.object({
  caps: names.nullish(),
  arches: names.nullish(),
  minKernel: z
    .string()
    .regex(/^\d+\.\d+/, { error: 'must be a version such as "4.8"' })
    .nullish(),
});

const argument = z.object({
  index: z.number().int().min(0).max(5, { error: "must be 0 to 5: a system call has six arguments" }),
  value: uint64,
  valueTwo: uint64.nullish(),
  op,
});

const rule = z.object({
  names: names.nullish(),
  name: z.string().nullish(),
  action,
  errnoRet: errno.nullish(),
  errno: z.string().nullish(),
  args: z.array(argument).nullish(),
  comment: z.string().nullish(),
  includes: filter.nullish(),
  excludes: filter.nullish(),
});

/** zod's schema of a profile: OCI, Docker's and containers-common's members together. */
export const containerProfile = z.object({
  defaultAction: action,
  defaultErrnoRet: errno.nullish(),
  defaultErrno: z.string().nullish(),
  architectures: z.array(architecture).nullish(),
  archMap: z.array(z.object({ architecture, subArchitectures: z.array(architecture).nullish() })).nullish(),
  flags: names.nullish(),
  listenerPath: z.string().nullish(),
  listenerMetadata: z.string().nullish(),
  syscalls: z.array(rule).nullish(),
});
/** A profile that the schema accepts. */
export type ContainerProfile = z.infer<typeof containerProfile>;
/** An entry of `syscalls`. */
export type ContainerRule = z.infer<typeof rule>;
/** A condition of a rule: `includes` or `excludes`. */
export type ContainerFilter = z.infer<typeof filter>;

/** The members of the profile's objects. Runtimes ignore all others. */
export const members = {
  profile: Object.keys(containerProfile.shape),
  rule: Object.keys(rule.shape),
  argument: Object.keys(argument.shape),
  filter: Object.keys(filter.shape),
};
