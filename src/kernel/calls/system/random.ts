// getrandom(2): bytes from the machine's seed. Linux drivers/char/random.c.
import { E } from "../../../abi/errno.ts";
import { cost, PIECE_BYTES } from "../../base/cost.ts";
import { again } from "../../base/wait.ts";
import { size } from "../../syscall/arg.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { outRandom } from "../../syscall/arg-string.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";

const GRND = { GRND_NONBLOCK: 1, GRND_RANDOM: 2, GRND_INSECURE: 4 } as const;
/** The largest result in bytes: MAX_RW_COUNT. */
const MAX = 0x7fff_f000;
const CHUNK = 1 << 16;

/** The call getrandom(2). */
export const randomCalls: readonly Syscall[] = [
  syscall("getrandom", { buf: outRandom, count: size, flags: flags("unsigned int", GRND, "GRND_???") }, (t, a) => {
    if ((a.flags & ~7) !== 0 || (a.flags & 6) === 6) return -E.EINVAL;
    const count = Math.min(a.count, MAX);
    const before = (t.waited.data as number | undefined) ?? 0;
    let done = before;
    while (done < count) {
      // A signal ends the call with the bytes written so far.
      if (done - before >= PIECE_BYTES) {
        t.waited.data = done;
        return again({ interrupted: -done });
      }
      const bytes = t.kernel.random.bytes(Math.min(CHUNK, count - done));
      const wrote = t.mem.writeSome(a.buf + done, bytes);
      done += wrote;
      t.kernel.charge(wrote * cost.randomByte);
      if (wrote < bytes.length) return done > 0 ? done : -E.EFAULT;
    }
    return done;
  }),
];
