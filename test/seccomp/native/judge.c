// The kernel under us as the judge of filters. Programs come in on stdin, what the kernel did with them goes out on stdout.
//
//   judge check   in:  { u32 length; struct sock_filter[length] }…
//                 out: { u32 errno }…  0 if the kernel takes the program. Nothing is installed: see check().
//   judge socket  the same with the checker of socket filters alone, which seccomp's own follows.
//   judge run     in:  { u32 length, cases; struct sock_filter[length]; struct request[cases] }…
//                 out: { struct answer[cases] }…
//   judge path    in:  { u32 length; struct sock_filter[length] }…
//                 out: { u32 count }…  how often the program can be installed in one task.
//
// Words are little endian, as on the only machines where this makes sense.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_LENGTH = 65535, MAX_CASES = 4096 };
enum door { SYSCALL = 0, INT80 = 1 };
enum outcome { RETURNED = 0, TRAPPED = 1, KILLED = 2, NOT_INSTALLED = 3 };

struct request {
	uint32_t door, reserved;
	uint64_t nr;
	uint64_t ip;      // of the instruction after the door's; its page is mapped for the purpose
	uint64_t args[6]; // in the order of the door's ABI
};
struct answer {
	uint32_t outcome;
	int32_t value;    // RETURNED: (int)rax. TRAPPED: si_errno. KILLED: wait status. NOT_INSTALLED: errno
	uint32_t nr, arch; // TRAPPED: of siginfo
	uint64_t ip;      // TRAPPED: si_call_addr
};

static void die(const char *what)
{
	perror(what);
	_exit(1); // a child must not write its copy of stdout's buffer
}

static int read_all(void *to, size_t n)
{
	return fread(to, 1, n, stdin) == n;
}

static void write_all(const void *from, size_t n)
{
	if (fwrite(from, 1, n, stdout) != n)
		die("write");
}

static int install(unsigned flags, struct sock_filter *insns, unsigned length)
{
	struct sock_fprog prog = { .len = length, .filter = insns };
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

// A second listener in a chain gives EBUSY, and the kernel looks for one only after the checkers: so with a listener installed,
// EBUSY says "this program is fine", and nothing is installed by asking.
static void check(struct sock_filter *insns)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (install(SECCOMP_FILTER_FLAG_NEW_LISTENER, &allow, 1) < 0)
		die("the first listener");
	for (uint32_t length; read_all(&length, sizeof length);) {
		if (length > MAX_LENGTH || !read_all(insns, length * sizeof *insns))
			die("program");
		int r = install(SECCOMP_FILTER_FLAG_NEW_LISTENER, insns, length);
		uint32_t verdict = r < 0 && errno != EBUSY ? (uint32_t)errno : 0;
		write_all(&verdict, sizeof verdict);
	}
}

static void check_socket(struct sock_filter *insns)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	for (uint32_t length; read_all(&length, sizeof length);) {
		if (length > MAX_LENGTH || !read_all(insns, length * sizeof *insns))
			die("program");
		struct sock_fprog prog = { .len = length, .filter = insns };
		uint32_t verdict = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog) < 0 ? (uint32_t)errno : 0;
		write_all(&verdict, sizeof verdict);
	}
}

static void path(struct sock_filter *insns)
{
	for (uint32_t length; read_all(&length, sizeof length);) {
		if (length > MAX_LENGTH || !read_all(insns, length * sizeof *insns))
			die("program");
		uint32_t *count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		pid_t child = fork();
		if (child == 0) {
			while (install(0, insns, length) == 0)
				++*count;
			_exit(0);
		}
		waitpid(child, NULL, 0);
		write_all(count, sizeof *count);
		munmap(count, sizeof *count);
	}
}

static struct answer *answers; // shared with the child, which may not be allowed a single system call of its own
static volatile uint32_t *progress;

static const uint8_t doors[][2] = { [SYSCALL] = { 0x0f, 0x05 }, [INT80] = { 0xcd, 0x80 } };
static uint64_t page_of(uint64_t a) { return a & ~4095ull; }

// Plants the door's instruction so that it ends at `ip`, and a ret behind it: `call ip - 2` goes through the door and comes back.
static void plant(const struct request *q)
{
	uint8_t *at = (uint8_t *)q->ip;
	memcpy(at - 2, doors[q->door], 2);
	*at = 0xc3; // ret
}

static sigjmp_buf trapped;
static struct answer *current;

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	current->outcome = TRAPPED;
	current->value = info->si_errno;
	current->nr = (uint32_t)info->si_syscall;
	current->arch = info->si_arch;
	current->ip = (uint64_t)info->si_call_addr;
	siglongjmp(trapped, 1); // no rt_sigreturn: the filter would judge it
}

static int32_t enter(const struct request *q)
{
	uint64_t rax = q->nr;
	uint64_t entry = q->ip - 2;
	const uint64_t *args = q->args;
	if (q->door == SYSCALL) {
		register uint64_t r10 __asm__("r10") = args[3];
		register uint64_t r8 __asm__("r8") = args[4];
		register uint64_t r9 __asm__("r9") = args[5];
		__asm__ volatile("call *%[entry]"
			: "+a"(rax)
			: "D"(args[0]), "S"(args[1]), "d"(args[2]), "r"(r10), "r"(r8), "r"(r9), [entry] "b"(entry)
			: "rcx", "r11", "memory", "cc");
	} else {
		// rbp is the sixth argument; rsp stays good, so that a signal frame finds room.
		register uint64_t r8 __asm__("r8") = entry;
		register uint64_t r9 __asm__("r9") = args[5];
		__asm__ volatile("push %%rbp\n\tmov %[sixth], %%rbp\n\tcall *%[entry]\n\tpop %%rbp"
			: "+a"(rax), [entry] "+r"(r8), [sixth] "+r"(r9)
			: "b"(args[0]), "c"(args[1]), "d"(args[2]), "S"(args[3]), "D"(args[4])
			: "r10", "r11", "memory", "cc");
	}
	return (int32_t)rax;
}

// In the child: cases from `first` on, until one kills.
static void child(struct sock_filter *insns, unsigned length, const struct request *requests, uint32_t cases, uint32_t first)
{
	struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO | SA_NODEFER };
	sigaction(SIGSYS, &action, NULL);
	for (uint32_t i = first; i < cases; i++)
		for (uint64_t p = page_of(requests[i].ip - 2); p <= page_of(requests[i].ip); p += 4096)
			if (mmap((void *)p, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno != EEXIST)
				die("page of the door");
	if (install(0, insns, length) < 0) {
		for (uint32_t i = first; i < cases; i++)
			answers[i] = (struct answer){ .outcome = NOT_INSTALLED, .value = errno };
		*progress = cases;
		for (;;)
			kill(getpid(), SIGKILL);
	}
	for (volatile uint32_t i = first; i < cases; i++) {
		*progress = i;
		current = &answers[i];
		plant(&requests[i]);
		if (sigsetjmp(trapped, 0) == 0) {
			int32_t r = enter(&requests[i]);
			answers[i].outcome = RETURNED;
			answers[i].value = r;
		}
	}
	*progress = cases;
	__builtin_trap(); // exit_group might be denied; a trap is no system call
}

static void run(struct sock_filter *insns)
{
	struct request *requests = malloc(MAX_CASES * sizeof *requests);
	size_t size = MAX_CASES * sizeof *answers;
	answers = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (uint32_t head[2]; read_all(head, sizeof head);) {
		uint32_t length = head[0], cases = head[1];
		if (length > MAX_LENGTH || cases > MAX_CASES || !read_all(insns, length * sizeof *insns) || !read_all(requests, cases * sizeof *requests))
			die("program");
		memset(answers, 0, cases * sizeof *answers);
		for (uint32_t first = 0; first < cases;) {
			*progress = first;
			int status;
			pid_t pid = fork();
			if (pid < 0)
				die("fork");
			if (pid == 0)
				child(insns, length, requests, cases, first);
			waitpid(pid, &status, 0);
			if (*progress < cases) {
				answers[*progress].outcome = KILLED;
				answers[*progress].value = status;
			}
			first = *progress + 1;
		}
		write_all(answers, cases * sizeof *answers);
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	struct sock_filter *insns = malloc((MAX_LENGTH + 1) * sizeof *insns);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die("no_new_privs");
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); // killed children leave no core files
	if (strcmp(mode, "check") == 0)
		check(insns);
	else if (strcmp(mode, "socket") == 0)
		check_socket(insns);
	else if (strcmp(mode, "run") == 0)
		run(insns);
	else if (strcmp(mode, "path") == 0)
		path(insns);
	else
		return fprintf(stderr, "judge check|socket|run|path\n"), 2;
	return fflush(stdout) ? 1 : 0;
}
