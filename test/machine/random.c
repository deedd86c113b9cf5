// Random numbers by __vdso_getrandom, as a C library takes them: in small and large pieces, of two processes, in a signal handler.
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void *symbol(const char *name)
{
	char *base = (char *)getauxval(AT_SYSINFO_EHDR);
	ElfW(Ehdr) *e = (void *)base;
	ElfW(Phdr) *p = (void *)(base + e->e_phoff);
	ElfW(Sym) *symbols = 0;
	char *strings = 0;
	unsigned *hash = 0;
	for (int i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_DYNAMIC)
			for (ElfW(Dyn) *d = (void *)(base + p[i].p_offset); d->d_tag; d++) {
				if (d->d_tag == DT_SYMTAB) symbols = (void *)(base + d->d_un.d_ptr);
				if (d->d_tag == DT_STRTAB) strings = base + d->d_un.d_ptr;
				if (d->d_tag == DT_HASH) hash = (void *)(base + d->d_un.d_ptr);
			}
	for (unsigned i = 0; hash && i < hash[1]; i++)
		if (!strcmp(strings + symbols[i].st_name, name)) return base + symbols[i].st_value;
	return 0;
}
static ssize_t (*random_)(void *, size_t, unsigned, void *, size_t);
static void *state;
static size_t size;
static ssize_t take(void *bytes, size_t n) { return random_(bytes, n, 0, state, size); }
static unsigned char large[1 << 18], handled[64];
static volatile sig_atomic_t signals;
static void handler(int signal)
{
	(void)signal;
	signals += take(handled, sizeof handled) == sizeof handled;
}

int main(void)
{
	unsigned char a[200], b[200];
	struct { unsigned size, prot, flags, reserved[13]; } p;
	int ones = 0, pipes[2];
	random_ = symbol("__vdso_getrandom");
	printf("there %d\n", random_ != 0);
	memset(&p, 1, sizeof p), memset(a, 0, sizeof a), memset(b, 0, sizeof b);
	ssize_t told = random_(0, 0, 0, &p, ~0ul);
	printf("parameters %zd size %u prot %u flags %x\n", told, p.size, p.prot, p.flags);
	size = p.size;
	state = mmap(0, 4096, p.prot, p.flags, -1, 0);
	printf("across pages %zd wrong size %zd wrong flags %zd\n", random_(a, 8, 0, (char *)state + 4000, size), random_(a, 8, 0, state, 8), random_(a, 8, 8, state, size));
	memset(a, 0, sizeof a);
	printf("%zd %zd", take(a, 200), take(b, 200));
	printf(" equal %d nothing %zd\n", !memcmp(a, b, 200), take(a, 0));
	printf("%zd", take(large, sizeof large));
	for (unsigned i = 0; i < sizeof large; i++)
		ones += __builtin_popcount(large[i]);
	printf(" about half are ones %d\n", abs(ones - (int)sizeof large * 4) < 4000);
	for (int i = 0; i < 2000; i++)
		if (take(a, i % 9) != i % 9)
			printf("short\n");
	fflush(stdout);
	if (pipe(pipes) != 0)
		return 1;
	if (fork() == 0) {
		take(a, 32);
		_exit(write(pipes[1], a, 32) != 32);
	}
	wait(NULL);
	if (read(pipes[0], b, 32) != 32)
		return 2;
	take(a, 32);
	printf("equal after fork %d\n", !memcmp(a, b, 32));
	signal(SIGALRM, handler);
	ualarm(1000, 1000);
	while (signals < 5)
		take(large, 4096);
	printf("in a handler too\n");
	return 0;
}
