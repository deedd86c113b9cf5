// Constants of the program that objects of a machine point at: tables, declarations, empty values. A snapshot
// names them in place of a copy. All that can be reached from one belongs to it.
import { i386, x32, x64 } from "../../abi/abi.ts";
import { EPHEMERAL } from "../../abi/uapi/socket.ts";
import { knownProfiles } from "../../kernel/base/profile.ts";
import { NO_ALT_STACK } from "../../kernel/core/task.ts";
import { callTables } from "../../kernel/entry/gate.ts";
import { features } from "../../kernel/features/index.ts";
import { deviceDrivers } from "../../kernel/fs/devtmpfs.ts";
import { fileSystemTypes } from "../../kernel/fs/file-systems.ts";
import { NO_LOOP_NAME } from "../../kernel/fs/files/loop-device.ts";
import { attributes } from "../../kernel/fs/proc/attributes.ts";
import { pidEntry } from "../../kernel/fs/proc/pid.ts";
import { filesOf } from "../../kernel/fs/proc/pid-files.ts";
import { fixedEntries } from "../../kernel/fs/proc/tree/fixed-tree.ts";
import { NO_GROUPS } from "../../kernel/net/namespace.ts";
import { optionLevels } from "../../kernel/net/options/options.ts";
import { NO_CRED, NO_PEER } from "../../kernel/net/socket.ts";
import { DEFAULT_ACTION } from "../../kernel/signal/state/action.ts";
import { NO_ARGS } from "../../kernel/syscall/declaration.ts";
import { NO_PROGRAM } from "../../kernel/task/program.ts";
import { NO_OFFSET } from "../../kernel/task/time-namespace.ts";
import { defaultLimits } from "../../memory/limits.ts";
import { NO_LEAF } from "../../memory/page-table.ts";
import { NO_AUXV } from "../../memory/space.ts";

const own: Readonly<Record<string, () => object>> = {
  x64: () => x64,
  i386: () => i386,
  x32: () => x32,
  profiles: () => knownProfiles,
  calls: () => callTables,
  deviceDrivers: () => deviceDrivers,
  optionLevels: () => optionLevels,
  features: () => features,
  fileSystemTypes: () => fileSystemTypes,
  DEFAULT_ACTION: () => DEFAULT_ACTION,
  NO_PROGRAM: () => NO_PROGRAM,
  NO_ALT_STACK: () => NO_ALT_STACK,
  defaultLimits: () => defaultLimits,
  EPHEMERAL: () => EPHEMERAL,
  NO_ARGS: () => NO_ARGS,
  NO_AUXV: () => NO_AUXV,
  NO_CRED: () => NO_CRED,
  NO_GROUPS: () => NO_GROUPS,
  NO_LEAF: () => NO_LEAF,
  NO_LOOP_NAME: () => NO_LOOP_NAME,
  NO_OFFSET: () => NO_OFFSET,
  NO_PEER: () => NO_PEER,
  // Their modules name recipes. A bundle loads a module when an export of it is first used.
  recipes: () => [fixedEntries, filesOf, attributes, pidEntry],
};
const ofFeatures = (): Readonly<Record<string, object>> => Object.assign({}, ...features.map(({ constants: some }) => some?.() ?? {}));

/** The constants by their names. Some grow: tables are made at their first use. */
export const constants = (): Readonly<Record<string, object>> => ({
  ...Object.fromEntries(Object.entries(own).map(([name, value]) => [name, value()])),
  ...ofFeatures(),
});
/** One of them. */
export const constantOf = (name: string): object | undefined => {
  if (Object.hasOwn(own, name)) return own[name]?.();
  const others = ofFeatures();
  return Object.hasOwn(others, name) ? others[name] : undefined;
};
