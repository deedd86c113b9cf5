// Calls the functions of a vDSO image natively. Arguments: the image file. The page of parameters comes on standard input (4096 bytes).
// The image is mapped as the kernel maps it, six pages above the parameters. Prints for each clock: what the function said, and
// the counter before and after; and what the system call says of the clocks that the image leaves to the kernel.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

static char *base;
static void *symbol(const char *name)
{
	ElfW(Ehdr) *e = (void *)base;
	ElfW(Phdr) *p = (void *)(base + e->e_phoff);
	ElfW(Sym) *syms = 0;
	char *strings = 0;
	unsigned *hash = 0;
	for (int i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_DYNAMIC)
			for (ElfW(Dyn) *d = (void *)(base + p[i].p_vaddr); d->d_tag; d++) {
				if (d->d_tag == DT_SYMTAB) syms = (void *)(base + d->d_un.d_ptr);
				if (d->d_tag == DT_STRTAB) strings = base + d->d_un.d_ptr;
				if (d->d_tag == DT_HASH) hash = (void *)(base + d->d_un.d_ptr);
			}
	for (unsigned i = 0; i < hash[1]; i++)
		if (!strcmp(strings + syms[i].st_name, name)) return base + syms[i].st_value;
	return 0;
}

int main(int argc, char **argv)
{
	(void)argc;
	char *vvar = mmap(0, 8 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int f = open(argv[1], O_RDONLY);
	base = vvar + 6 * 4096;
	if (read(f, base, 8192) <= 0 || read(0, vvar, 4096) != 4096) return 1;
	int (*gettime)(unsigned, struct timespec *) = symbol("__vdso_clock_gettime");
	int (*getres)(unsigned, struct timespec *) = symbol("__vdso_clock_getres");
	int (*day)(void *, void *) = symbol("__vdso_gettimeofday");
	long (*seconds)(long *) = symbol("__vdso_time");
	long (*cpu)(unsigned *, unsigned *, void *) = symbol("__vdso_getcpu");
	for (int c = 0; c < 12; c++) {
		struct timespec t = { -1, -1 }, r = { -1, -1 };
		unsigned long long before = __rdtsc();
		int e = gettime(c, &t);
		unsigned long long after = __rdtsc();
		int e2 = getres(c, &r);
		printf("clock %d %d %lld %ld %llu %llu %d %lld %ld\n", c, e, (long long)t.tv_sec, t.tv_nsec, before, after, e2, (long long)r.tv_sec, r.tv_nsec);
	}
	long tv[2], t2;
	int zone[2] = { 5, 5 };
	unsigned long long before = __rdtsc();
	int e = day(tv, zone);
	long s = seconds(&t2);
	unsigned long long after = __rdtsc();
	unsigned n = 9, m = 9;
	// On the last processor that it may use.
	cpu_set_t set;
	int last = CPU_SETSIZE - 1;
	sched_getaffinity(0, sizeof set, &set);
	while (!CPU_ISSET(last, &set)) last--;
	CPU_ZERO(&set);
	CPU_SET(last, &set);
	sched_setaffinity(0, sizeof set, &set);
	long g = cpu(&n, &m, 0);
	printf("day %d %ld %ld %llu %llu %d %d\n", e, tv[0], tv[1], before, after, zone[0], zone[1]);
	printf("seconds %d\n", s == t2 && (s == tv[0] || s == tv[0] + 1));
	printf("cpu %ld %u %u %d\n", g, n, m, last);
	if (sizeof(long) == 4) {
		int (*gettime64)(unsigned, long long *) = symbol("__vdso_clock_gettime64");
		long long w[2];
		before = __rdtsc();
		e = gettime64(0, w);
		printf("wide %d %lld %lld %llu %llu\n", e, w[0], w[1], before, (unsigned long long)__rdtsc());
	}
	return 0;
}
