// Filters that real programs have: written by libseccomp, as raw struct sock_filter on stdout.
//   libseccomp NAME   one of the names in main()
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

static void check(int r)
{
	if (r < 0) {
		fprintf(stderr, "libseccomp: %s\n", strerror(-r));
		_Exit(1);
	}
}

// Every call by number, some with conditions on arguments, as container engines write them.
static scmp_filter_ctx container(int optimize)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	check(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, optimize));
	check(seccomp_arch_add(ctx, SCMP_ARCH_X86));
	check(seccomp_arch_add(ctx, SCMP_ARCH_X32));
	for (int nr = 0; nr < 330; nr++) {
		if (nr == SCMP_SYS(personality) || nr == SCMP_SYS(clone) || nr == SCMP_SYS(socket) || nr % 17 == 5)
			continue;
		int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
		if (r != -EEXIST && r != -EDOM && r != -EINVAL && r != -EOPNOTSUPP)
			check(r);
	}
	check(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(personality), 1, SCMP_A0(SCMP_CMP_EQ, 0x20008)));
	check(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(personality), 1, SCMP_A0(SCMP_CMP_EQ, 0xffffffff)));
	check(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, 0x7e020000, 0)));
	check(seccomp_rule_add(ctx, SCMP_ACT_TRAP, SCMP_SYS(getppid), 2, SCMP_A1(SCMP_CMP_GT, 0x100000000), SCMP_A2(SCMP_CMP_LE, 7)));
	return ctx;
}

static scmp_filter_ctx denylist(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	check(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(13), SCMP_SYS(getppid), 1, SCMP_A5(SCMP_CMP_NE, 0)));
	check(seccomp_rule_add(ctx, SCMP_ACT_TRAP, SCMP_SYS(getpid), 1, SCMP_A0(SCMP_CMP_LT, 16)));
	check(seccomp_rule_add(ctx, SCMP_ACT_TRAP, SCMP_SYS(getuid), 1, SCMP_A3(SCMP_CMP_GE, 0x80000000)));
	return ctx;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	scmp_filter_ctx ctx = strcmp(name, "container") == 0 ? container(1)
		: strcmp(name, "container-tree") == 0 ? container(2)
		: strcmp(name, "denylist") == 0 ? denylist()
		: NULL;
	if (!ctx)
		return 2;
	check(seccomp_export_bpf(ctx, 1));
	return 0;
}
