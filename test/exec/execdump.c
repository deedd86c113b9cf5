// Starts programs without address randomization and prints how execve(2) left them, before their first instruction: the native side
// of the exec tests. Each line of the input is a path; the program gets this program's own arguments as argv[1…], and the environment
// "A=1" and "LONG=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx". Output, for each: "errno N", or "signal N", or "start RIP RSP", /proc/PID/maps,
// the bytes of the stack from RSP up in hex, and "end".
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static char *environment[] = { "A=1", "LONG=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0 };

static void dump(pid_t pid, unsigned long sp)
{
	char path[64], line[8192];
	unsigned long top = 0, low, high;
	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	FILE *maps = fopen(path, "r");
	while (fgets(line, sizeof line, maps)) {
		fputs(line, stdout);
		if (sscanf(line, "%lx-%lx", &low, &high) == 2 && low <= sp && sp < high) top = high;
	}
	fclose(maps);
	snprintf(path, sizeof path, "/proc/%d/mem", pid);
	int mem = open(path, O_RDONLY);
	size_t n = top - sp;
	unsigned char *b = malloc(n + 1);
	if (top && pread(mem, b, n, (off_t)sp) == (ssize_t)n)
		for (size_t i = 0; i < n; i++) printf("%02x", b[i]);
	free(b);
	close(mem);
}

int main(int argc, char **argv)
{
	char path[4096];
	(void)argc;
	while (fgets(path, sizeof path, stdin)) {
		path[strcspn(path, "\n")] = 0;
		int fds[2], status, error = 0;
		if (pipe2(fds, O_CLOEXEC)) return 1;
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			personality(ADDR_NO_RANDOMIZE);
			ptrace(PTRACE_TRACEME, 0, 0, 0);
			argv[0] = path;
			execve(path, argv, environment);
			error = errno;
			if (write(fds[1], &error, sizeof error) < 0) _exit(1);
			_exit(0);
		}
		close(fds[1]);
		waitpid(pid, &status, 0);
		if (read(fds[0], &error, sizeof error) == sizeof error) printf("errno %d\n", error);
		else if (WIFSIGNALED(status)) printf("signal %d\n", WTERMSIG(status));
		// Past the point of no return an error is a SIGSEGV, which we see on its way.
		else if (WSTOPSIG(status) != SIGTRAP) printf("signal %d\n", WSTOPSIG(status));
		else {
			struct user_regs_struct regs;
			ptrace(PTRACE_GETREGS, pid, 0, &regs);
			printf("start %llx %llx\n", regs.rip, regs.rsp);
			dump(pid, regs.rsp);
			putchar('\n');
		}
		if (WIFSTOPPED(status)) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
		}
		close(fds[0]);
		puts("end");
	}
	return 0;
}
