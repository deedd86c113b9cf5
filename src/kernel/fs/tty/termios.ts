// Terminal settings. man 3 termios, man 2 ioctl_tty; Linux uapi asm-generic/termbits.h.
import { bytes, struct, u8, u16, u32 } from "../../../abi/struct.ts";

/** Bits of c_iflag. */
// biome-ignore format: table
export const I = {
  IGNBRK: 0o1, BRKINT: 0o2, IGNPAR: 0o4, PARMRK: 0o10, INPCK: 0o20, ISTRIP: 0o40, INLCR: 0o100, IGNCR: 0o200, ICRNL: 0o400, IUCLC: 0o1000,
  IXON: 0o2000, IXANY: 0o4000, IXOFF: 0o10000, IMAXBEL: 0o20000, IUTF8: 0o40000,
} as const;
/** Bits of c_oflag. */
// biome-ignore format: table
export const O = { OPOST: 0o1, OLCUC: 0o2, ONLCR: 0o4, OCRNL: 0o10, ONOCR: 0o20, ONLRET: 0o40, OFILL: 0o100, OFDEL: 0o200, XTABS: 0o14000 } as const;
/** Bits of c_lflag. */
// biome-ignore format: table
export const L = {
  ISIG: 0o1, ICANON: 0o2, XCASE: 0o4, ECHO: 0o10, ECHOE: 0o20, ECHOK: 0o40, ECHONL: 0o100, NOFLSH: 0o200, TOSTOP: 0o400, ECHOCTL: 0o1000,
  ECHOPRT: 0o2000, ECHOKE: 0o4000, FLUSHO: 0o10000, PENDIN: 0o40000, IEXTEN: 0o100000, EXTPROC: 0o200000,
} as const;
/** Indices into c_cc. */
// biome-ignore format: table
export const V = {
  INTR: 0, QUIT: 1, ERASE: 2, KILL: 3, EOF: 4, TIME: 5, MIN: 6, SWTC: 7, START: 8, STOP: 9, SUSP: 10, EOL: 11, REPRINT: 12, DISCARD: 13,
  WERASE: 14, LNEXT: 15, EOL2: 16,
} as const;
/** The length of c_cc in the kernel's struct termios. */
export const NCCS = 19;
const B38400 = 0o17;
const CS8 = 0o60;
const CREAD = 0o200;

/** Terminal settings: the union of struct termios and struct termios2. Speeds are in bits per second. */
export interface Termios {
  c_iflag: number;
  c_oflag: number;
  c_cflag: number;
  c_lflag: number;
  c_line: number;
  c_cc: Uint8Array;
  c_ispeed: number;
  c_ospeed: number;
}

/** The settings of a new terminal. Linux drivers/tty/tty_io.c tty_std_termios, INIT_C_CC. */
export const standardTermios = (): Termios => ({
  c_iflag: I.ICRNL | I.IXON,
  c_oflag: O.OPOST | O.ONLCR,
  c_cflag: B38400 | CS8 | CREAD,
  c_lflag: L.ISIG | L.ICANON | L.ECHO | L.ECHOE | L.ECHOK | L.ECHOCTL | L.ECHOKE | L.IEXTEN,
  c_line: 0,
  c_cc: Uint8Array.from([3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0]),
  c_ispeed: 38400,
  c_ospeed: 38400,
});

const common = { c_iflag: u32, c_oflag: u32, c_cflag: u32, c_lflag: u32, c_line: u8, c_cc: bytes(NCCS) };
/** The kernel's struct termios, which TCGETS returns. */
export const termios = struct("termios", common);
/** The struct of TCGETS2. */
export const termios2 = struct("termios2", { ...common, c_ispeed: u32, c_ospeed: u32 });
/** The struct of System V, which TCGETA returns. */
export const termio = struct("termio", { c_iflag: u16, c_oflag: u16, c_cflag: u16, c_lflag: u16, c_line: u8, c_cc: bytes(8) });
/** The struct of TIOCGWINSZ. */
export const winsize = struct("winsize", { ws_row: u16, ws_col: u16, ws_xpixel: u16, ws_ypixel: u16 });
/** The window size in characters and in pixels. */
export interface WinSize {
  ws_row: number;
  ws_col: number;
  ws_xpixel: number;
  ws_ypixel: number;
}
