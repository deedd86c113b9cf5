// Arguments as kafel names them, for those calls of x86-64 where the kernel's declaration has other names or
// widths. kafel src/syscalls/amd64_syscalls.c.
import { argumentsOf } from "../../../abi/signatures.ts";

/** Arguments that kafel names differently from the kernel's table. */
export const renamed: Readonly<Record<string, string>> = {
  newfstat: "fstat",
  newlstat: "lstat",
  newstat: "stat",
  newuname: "uname",
  sendfile64: "sendfile",
  sysctl: "_sysctl",
  umount: "umount2",
};

/** l: 64 bits, u: 32. */
// biome-ignore format: table
const rows: Readonly<Record<string, string>> = {
  add_key: "_type:l _description:l _payload:l plen:l ringid:u",
  arch_prctl: "code:u addr:l",
  bpf: "cmd:u uattr:l size:u",
  clock_adjtime: "which_clock:u utx:l",
  clone: "clone_flags:l newsp:l parent_tidptr:l child_tidptr:l tls:l",
  create_module: "name:l size:l",
  execveat: "fd:u filename:l argv:l envp:l flags:u",
  fanotify_mark: "fanotify_fd:u flags:u mask:l dfd:u pathname:l",
  file_getattr: "dfd:u pathname:l fileattr:l flags:u",
  file_setattr: "dfd:u pathname:l fileattr:l flags:u",
  fsconfig: "fd:u cmd:u key:l value:l aux:u",
  fsmount: "fs_fd:u flags:u attr_flags:u",
  futex_requeue: "uaddr:l nr_wake:u nr_requeue:u uaddr2:l flags:u",
  futex_wait: "uaddr:l val:u flags:u timeout:l",
  futex_wake: "uaddr:l nr_wake:u flags_or_mask:u",
  get_kernel_syms: "table:l",
  getcpu: "cpup:l nodep:l unused:l",
  getpeername: "fd:u usockaddr:l usockaddr_len:l",
  getresgid: "rgidp:l egidp:l sgidp:l",
  getresuid: "ruidp:l euidp:l suidp:l",
  getsockname: "fd:u usockaddr:l usockaddr_len:l",
  getxattr: "pathname:l name:l value:l size:l",
  getxattrat: "dfd:u pathname:l name:l value:l size:l",
  inotify_add_watch: "fd:u pathname:l mask:u",
  io_setup: "nr_events:u ctxp:l",
  io_submit: "ctx_id:l nr:l iocbpp:l",
  io_uring_register: "fd:u opcode:u arg:l nr_args:u",
  io_uring_setup: "entries:u params:l",
  ioperm: "from:l num:l turn_on:u",
  keyctl: "option:u arg2:l arg3:l arg4:l arg5:l",
  lgetxattr: "pathname:l name:l value:l size:l",
  listmount: "req:l reqlen:l buf:l bufsize:l flags:u",
  listxattr: "pathname:l list:l size:l",
  listxattrat: "dfd:u pathname:l list:l size:l",
  llistxattr: "pathname:l list:l size:l",
  lookup_dcookie: "cookie64:l buf:l len:l",
  lremovexattr: "pathname:l name:l",
  lsetxattr: "pathname:l name:l value:l size:l flags:u",
  lsm_get_self_attr: "attr:u ctx:l size_ptr:l flags:u",
  lsm_list_modules: "ids:l size_ptr:l flags:u",
  lsm_set_self_attr: "attr:u ctx:l size:l flags:u",
  madvise: "start:l len_in:l behavior:u",
  memfd_create: "uname:l flags:u",
  migrate_pages: "pid:u maxnode:l old_nodes:l new_nodes:l",
  move_mount: "from_dfd:u from_pathname:l to_dfd:u to_pathname:l flags:u",
  mq_getsetattr: "mqdes:u u_mqstat:l u_omqstat:l",
  mq_notify: "mqdes:u u_notification:l",
  mq_open: "u_name:l oflag:u mode:u u_attr:l",
  mq_timedreceive: "mqdes:u u_msg_ptr:l msg_len:l u_msg_prio:l u_abs_timeout:l",
  mq_timedsend: "mqdes:u u_msg_ptr:l msg_len:l msg_prio:u u_abs_timeout:l",
  mq_unlink: "u_name:l",
  mseal: "start:l size:l flags:u",
  nfsservctl: "cmd:u argp:l resp:l",
  open_tree: "dfd:u filename:l flags:u",
  open_tree_attr: "dfd:u pathname:l flags:u attr:l size:l",
  pkey_alloc: "flags:u init_val:u",
  poll: "ufds:l nfds:u timeout_msecs:u",
  ppoll: "ufds:l nfds:u tsp:l sigmask:l sigsetsize:l",
  pselect6: "n:u inp:l outp:l exp:l tsp:l sig:l",
  query_module: "name:l which:u buf:l bufsize:l ret:l",
  readlinkat: "dfd:u pathname:l buf:l bufsiz:u",
  recvfrom: "fd:u ubuf:l size:l flags:u addr:l addr_len:l",
  recvmmsg: "fd:u mmsg:l vlen:u flags:u timeout:l",
  removexattr: "pathname:l name:l",
  removexattrat: "dfd:u pathname:l name:l",
  request_key: "_type:l _description:l _callout_info:l destringid:u",
  rt_sigaction: "sig:u act:l oact:l sigsetsize:l",
  rt_sigpending: "uset:l sigsetsize:l",
  rt_sigprocmask: "how:u nset:l oset:l sigsetsize:l",
  sched_getattr: "pid:u uattr:l size:u flags:u",
  sched_setattr: "pid:u uattr:l flags:u",
  semop: "semid:u tsops:l nsops:u",
  semtimedop: "semid:u tsops:l nsops:u timeout:l",
  sendmmsg: "fd:u mmsg:l vlen:u flags:u",
  sendto: "fd:u buff:l len:l flags:u addr:l addr_len:u",
  set_mempolicy_home_node: "start:l len:l home_node:u flags:u",
  setxattr: "pathname:l name:l value:l size:l flags:u",
  setxattrat: "dfd:u pathname:l name:l value:l size:l flags:u",
  shmget: "key:u size:l shmflg:u",
  shutdown: "fd:u how:u",
  socket: "family:u type:u protocol:u",
  socketpair: "family:u type:u protocol:u usockvec:l",
  statfs: "pathname:l buf:l",
  statmount: "req:l reqlen:l smbuf:l buflen:l flags:u",
  statx: "dfd:u filename:l flags:u mask:u statxbuf:l",
  symlink: "oldname:l newname:l",
  _sysctl: "args:l",
  wait4: "upid:u stat_addr:l options:u ru:l",
  waitid: "which:u upid:u infop:l options:u ru:l",
};

/** A parameter as kafel names it. `wide`: it has 64 bits. */
export interface KafelArgument {
  readonly name: string;
  readonly wide: boolean;
}

/** By the kernel's name of the call; undefined if its arguments are not known. */
export const kafelArguments = (call: string): readonly KafelArgument[] | undefined => {
  if (Object.hasOwn(rows, call)) {
    return (rows[call] as string).split(" ").map((text) => ({ name: text.slice(0, -2), wide: text.endsWith(":l") }));
  }
  return argumentsOf(call)?.map(({ name, type }) => ({ name, wide: type === "long" || type === "pointer" }));
};
