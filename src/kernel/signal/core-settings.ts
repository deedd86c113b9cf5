// The settings of core files: /proc/sys/kernel/core_pattern and core_uses_pid. man 5 core.

/** The longest stored pattern in bytes. Linux CORENAME_MAX_SIZE without its NUL. */
export const CORE_PATTERN_MAX = 127;

/** The settings of a machine. */
export class CoreSettings {
  pattern = "core";
  /** 1: the name ends in the process number, unless the pattern has it. */
  usesPid = 0;
}
