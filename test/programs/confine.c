// confine [-e FILE] [-2] DEFAULT RULE... -- PROG ARG...
// Runs a program under a filter that Debian's libseccomp makes; with -e the filter's instructions go to FILE instead. man 3 seccomp_init,
// seccomp_rule_add, seccomp_export_bpf. DEFAULT: an action. RULE: ACTION:CALL[:ARG=VALUE], man 3 seccomp_rule_add. ACTION: allow, kill,
// kill_thread, log, trap or the number of an errno. -2: the filter knows the other ABI, too.
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	uint32_t action;
} actions[] = {
	{ "allow", SCMP_ACT_ALLOW }, { "kill", SCMP_ACT_KILL_PROCESS }, { "kill_thread", SCMP_ACT_KILL_THREAD },
	{ "log", SCMP_ACT_LOG },     { "trap", SCMP_ACT_TRAP },
};

static void fail(const char *what, int error)
{
	fprintf(stderr, "confine: %s: %s\n", what, strerror(error));
	exit(125);
}

static uint32_t action(const char *name)
{
	for (unsigned i = 0; i < sizeof actions / sizeof actions[0]; i++)
		if (!strcmp(actions[i].name, name)) return actions[i].action;
	return SCMP_ACT_ERRNO(atoi(name));
}

static void rule(scmp_filter_ctx ctx, const char *text)
{
	char name[32], call[64];
	unsigned arg;
	unsigned long value;
	int n = sscanf(text, "%31[^:]:%63[^:]:%u=%lu", name, call, &arg, &value);
	if (n != 2 && n != 4) fail(text, EINVAL);
	int nr = seccomp_syscall_resolve_name(call);
	if (nr == __NR_SCMP_ERROR) fail(call, ENOENT);
	struct scmp_arg_cmp compare = SCMP_CMP(n == 4 ? arg : 0, SCMP_CMP_EQ, n == 4 ? value : 0);
	int bad = seccomp_rule_add_array(ctx, action(name), nr, n == 4, &compare);
	if (bad) fail(text, -bad);
}

int main(int argc, char **argv)
{
	const char *export = NULL;
	int i = 1, both = 0;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-2")) both = 1;
		else if (!strcmp(argv[i], "-e") && i + 1 < argc) export = argv[++i];
	}
	if (i >= argc) fail("no default action", EINVAL);
	scmp_filter_ctx ctx = seccomp_init(action(argv[i++]));
	if (!ctx) fail("seccomp_init", EINVAL);
	if (both) {
		uint32_t other = seccomp_arch_native() == SCMP_ARCH_X86 ? SCMP_ARCH_X86_64 : SCMP_ARCH_X86;
		int bad = seccomp_arch_add(ctx, other);
		if (bad) fail("seccomp_arch_add", -bad);
	}
	for (; i < argc && strcmp(argv[i], "--"); i++) rule(ctx, argv[i]);
	int bad;
	if (export) {
		int fd = open(export, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		if (fd < 0) fail(export, errno);
		bad = seccomp_export_bpf(ctx, fd);
	} else bad = seccomp_load(ctx);
	if (bad) fail("the filter", -bad);
	seccomp_release(ctx);
	if (++i >= argc) return 0;
	execvp(argv[i], argv + i);
	fail(argv[i], errno);
}
