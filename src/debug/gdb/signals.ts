// Signal numbers of gdb's protocol, which are those of no system. gdb include/gdb/signals.def.

/** gdb's numbers by Linux's, below the real-time signals. STKFLT has none. */
// biome-ignore format: table
const TO_GDB: readonly number[] = [
  0, 1, 2, 3, 4, 5, 6, 10, 8, 9, 30, 11, 31, 13, 14, 15, 143, 20, 19, 17, 18, 21, 22, 16, 24, 25, 26, 27, 28, 23, 32, 12,
];
const UNKNOWN = 143;

/** gdb's number of a Linux signal. */
export const gdbSignal = (signo: number): number => {
  if (signo === 32) return 77;
  if (signo === 64) return 78;
  return signo > 32 ? signo + 12 : (TO_GDB[signo] ?? UNKNOWN);
};
/** The Linux signal of gdb's number; 0 if there is none. */
export const linuxSignal = (number: number): number => {
  for (let signo = 1; signo <= 64; signo++) if (gdbSignal(signo) === number) return signo === 16 ? 0 : signo;
  return 0;
};
