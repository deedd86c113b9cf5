// A filter of the size and shape of Docker's default profile: an allow list of some 350 numbers, a few of which are allowed with some
// arguments only; everything else is EPERM. Made here from the numbers of the system calls that the profile leaves out
// (docs.docker.com/engine/security/seccomp).
#pragma once
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#ifdef __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#define LAST_OLD 334
#else
#define ARCH AUDIT_ARCH_I386
#define LAST_OLD 386
#endif
#define STMT(code, k) (struct sock_filter) BPF_STMT(code, k)
#define JUMP(code, k, jt, jf) (struct sock_filter) BPF_JUMP(code, k, jt, jf)
#define LD(field) STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RET(k) STMT(BPF_RET | BPF_K, k)

static const int left_out[] = {
    SYS_acct, SYS_add_key, SYS_bpf, SYS_clock_adjtime, SYS_clock_settime, SYS_delete_module, SYS_finit_module, SYS_init_module,
    SYS_ioperm, SYS_iopl, SYS_kcmp, SYS_kexec_load, SYS_keyctl, SYS_lookup_dcookie, SYS_mount, SYS_move_pages, SYS_name_to_handle_at,
    SYS_nfsservctl, SYS_open_by_handle_at, SYS_perf_event_open, SYS_pivot_root, SYS_quotactl, SYS_reboot, SYS_request_key,
    SYS_set_mempolicy, SYS_setns, SYS_settimeofday, SYS_swapoff, SYS_swapon, SYS_sysfs, SYS__sysctl, SYS_umount2, SYS_unshare,
    SYS_uselib, SYS_userfaultfd, SYS_ustat, SYS_vhangup,
};
static int is_left_out(int nr) {
  for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
    if (left_out[i] == nr) return 1;
  return 0;
}

/** Allowed only with one of these first arguments. */
static int one_of(struct sock_filter *f, int nr, const unsigned *values, int count) {
  int k = 0;
  f[k++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 2 + 2 * count);
  f[k++] = LD(args[0]);
  for (int i = 0; i < count; i++) {
    f[k++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, values[i], 0, 1);
    f[k++] = RET(SECCOMP_RET_ALLOW);
  }
  f[k++] = RET(SECCOMP_RET_ERRNO | EPERM);
  return k;
}

static int docker_filter(struct sock_filter *f) {
  static const unsigned personalities[] = {0, 8, 0x20000, 0x20008, 0xffffffff};
  int k = 0;
  f[k++] = LD(arch);
  f[k++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
  f[k++] = RET(SECCOMP_RET_KILL_PROCESS);
  f[k++] = LD(nr);
  f[k++] = JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
  f[k++] = RET(SECCOMP_RET_ERRNO | ENOSYS);
  for (int nr = 0; nr <= 450; nr++) {
    if ((nr > LAST_OLD && nr < 403) || is_left_out(nr) || nr == SYS_personality || nr == SYS_clone || nr == SYS_clone3) continue;
    f[k++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1);
    f[k++] = RET(SECCOMP_RET_ALLOW);
  }
  k += one_of(f + k, SYS_personality, personalities, 5);
  // No new namespaces.
  f[k++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3);
  f[k++] = LD(args[0]);
  f[k++] = JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x7e020000, 1, 0);
  f[k++] = RET(SECCOMP_RET_ALLOW);
  f[k++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
  f[k++] = RET(SECCOMP_RET_ERRNO | ENOSYS);
  f[k++] = RET(SECCOMP_RET_ERRNO | EPERM);
  return k;
}
