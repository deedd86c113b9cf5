// The state of the page that a link, a lesson or a file holds. These schemas check all of it.
import { seccompProfileNames } from "trapgate/seccomp";
import { z } from "zod";

/** Characters of a text, and of an ELF file in base64, at most. */
const MOST_TEXT = 200_000;
const MOST_FILE = 12_000_000;

const setting = z.strictObject({
  kernel: z.string().refine((name) => (seccompProfileNames as readonly string[]).includes(name), "there is no such kernel"),
  vendor: z.enum(["amd", "intel"]),
  x32: z.boolean(),
  ia32: z.boolean(),
  uid: z.number().int().min(0).max(0xffff_fffe),
  /** The program starts under the policy here, if the policy is on. */
  policy: z.boolean().default(true),
});
const program = z.discriminatedUnion("kind", [
  /** A program of the list, unchanged. */
  z.strictObject({ kind: z.literal("guest"), name: z.string().max(60) }),
  z.strictObject({ kind: z.literal("source"), text: z.string().max(MOST_TEXT) }),
  /** busybox in the root directory that the build made. */
  z.strictObject({ kind: z.literal("shell") }),
  /** A program of an archive that was dropped. The archive is in no link. */
  z.strictObject({ kind: z.literal("root"), name: z.string().max(200), path: z.string().max(4096) }),
  /** A recording that was opened. No link holds it. */
  z.strictObject({ kind: z.literal("recording"), name: z.string().max(200) }),
  z.strictObject({ kind: z.literal("elf"), name: z.string().max(200), base64: z.base64().max(MOST_FILE) }),
]);

export const savedSchema = z.strictObject({
  v: z.literal(1),
  program,
  /** Symbols of the assembler: `FIXED V6`. */
  symbols: z.string().max(200),
  /** The symbols of the kernel's dialect are defined, too. */
  dialect: z.boolean(),
  policy: z.string().max(MOST_TEXT),
  /** The program starts with the policy. */
  filter: z.boolean(),
  args: z.string().max(2000),
  stdin: z.string().max(MOST_TEXT),
  schedule: z.string().max(2000),
  a: setting,
  b: setting.nullable(),
  lesson: z.string().max(40).nullable(),
});
export type Saved = z.infer<typeof savedSchema>;
export type SavedProgram = Saved["program"];

export const defaultSetting: Saved["a"] = { kernel: "upstream", vendor: "amd", x32: false, ia32: true, uid: 0, policy: true };
export const defaultPolicy = `# The program starts under this filter: BPF
# assembly, OCI or Docker JSON, systemd, minijail,
# kafel, Firecracker, BPF in hex or C.
A = sys_number
A == getppid ? deny : allow
allow: return ALLOW
deny: return ERRNO(EPERM)
`;
export const defaults: Saved = {
  v: 1,
  program: { kind: "guest", name: "a1" },
  symbols: "",
  dialect: true,
  policy: defaultPolicy,
  filter: false,
  args: "",
  stdin: "",
  schedule: "",
  a: defaultSetting,
  b: null,
  lesson: null,
};
