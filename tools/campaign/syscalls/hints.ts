// What general arguments (numbers, `void *`) mean by their names: what to point to, which numbers are
// lengths, ids, levels.
import type { ObjectName } from "./arena.ts";
import type { Source } from "./values.ts";

const numbers = (...list: readonly number[]): Source => ({ of: "numbers", numbers: list });
const objects = (...list: readonly ObjectName[]): Source => ({ of: "object", objects: list });
const lengths = numbers(0, 1, 7, 8, 16, 100, 512, 1024, 4096);
const ids = numbers(0, 0, 0, 2, 3, 4, 5, 6, 1, -1, 1_000_000);
const few = numbers(0, 1, 2, 3, 4, 5, 6);
const places = numbers(0x1300_0000, 0x1300_1000, 0x1301_0000, 0x1200_0000, 0x1200_2000, 0x2000_0000, 0x3000_0000);
const pages = numbers(0x1000, 0x2000, 0x1_0000, 0x2_0000, 1, 0);

/** Arguments that are pointers to anything (`void *`). */
export const pointerHints: Readonly<Record<string, Source>> = {
  how: objects("how"),
  vec: objects("iovec"),
  iov: objects("iovec"),
  lvec: objects("iovec"),
  rvec: objects("iovec"),
  act: objects("sigaction"),
  utime: objects("timespec", "words"),
  uaddr: objects("words"),
  uaddr2: objects("words"),
  head: objects("robust"),
  times: objects("timespec", "timeval"),
  tmo_p: objects("timespec", "timespec64"),
  timeout: objects("timespec", "timeval", "timespec64"),
  sigmask: objects("sigset"),
  sig: objects("sigset+size"),
  args: objects("fprog", "words"),
  arg: objects("fprog", "words", "flock", "buffer"),
  arg2: objects("fprog", "words", "text"),
  arg3: objects("fprog", "words"),
  event: objects("epoll"),
  value: objects("buffer"),
  data: objects("cap", "text"),
  header: objects("cap"),
  param: objects("sched"),
  attr: objects("sched"),
  new_value: objects("itimerspec", "timespec64"),
  sevp: objects("sigevent"),
  info: objects("siginfo", "buffer"),
  uinfo: objects("siginfo", "buffer"),
  addr: objects("sockaddr"),
  dest_addr: objects("sockaddr"),
  src_addr: objects("sockaddr"),
  addrlen: objects("words"),
  optval: objects("words", "fprog", "timeval"),
  optlen: objects("words"),
  msgvec: objects("mmsghdr"),
  tv: objects("timeval"),
  ptr: objects("desc"),
  u_info: objects("desc"),
  name: objects("text", "buffer"),
  stack: { of: "numbers", numbers: [0, 0x1301_0000, 0x1300_8000] },
};

export const numberHints: Readonly<Record<string, Source>> = {
  pid: ids,
  tid: ids,
  tgid: ids,
  pgid: ids,
  pid1: ids,
  pid2: ids,
  who: ids,
  count: lengths,
  size: lengths,
  len: lengths,
  bufsiz: lengths,
  addrlen: numbers(16, 2, 3, 28, 110, 128),
  optlen: numbers(4, 8, 16, 1),
  vlen: few,
  nr_segs: few,
  nfds: few,
  maxevents: few,
  liovcnt: few,
  riovcnt: few,
  timerid: few,
  targetfd: few,
  sigsetsize: numbers(8, 8, 8, 4, 16),
  level: numbers(1, 0, 6, 17, 41, 3),
  optname: numbers(...Array.from({ length: 48 }, (_, i) => i)),
  timeout: numbers(0, 0, 1, 5, -1),
  addr: places,
  old_address: places,
  new_address: places,
  length: pages,
  old_size: pages,
  new_size: pages,
  offset: numbers(0, 0x1000, 1, 100_000),
  cmd: few,
  mode: few,
  prio: numbers(-20, 0, 19, 5),
  magic1: numbers(0xfee1_dead),
  magic2: numbers(672_274_793),
  rseq_len: numbers(32),
  sig: numbers(0x5305_3053),
};
