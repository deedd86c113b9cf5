// The settings of core files: /proc/sys/kernel/core_pattern and core_uses_pid. man 5 core.

import { Part } from "../base/part.ts";
import type { Kernel } from "../core/kernel.ts";

/** The longest stored pattern in bytes. Linux CORENAME_MAX_SIZE without its NUL. */
export const CORE_PATTERN_MAX = 127;

/** The settings of a machine. */
export class CoreSettings {
  pattern = "core";
  /** 1: the name ends in the process number, unless the pattern has it. */
  usesPid = 0;
}
const part = new Part<Kernel, CoreSettings>("core files");
/** The settings of a kernel. */
export const coreSettingsOf = (kernel: Kernel): CoreSettings => part.make(kernel, () => new CoreSettings());
