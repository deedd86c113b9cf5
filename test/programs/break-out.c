// Preloaded into a program that confines itself by prctl(2): right after that, a call that no sandbox for parsers allows.
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int prctl(int option, ...)
{
	va_list list;
	va_start(list, option);
	long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long), d = va_arg(list, long);
	va_end(list);
	int result = syscall(SYS_prctl, option, a, b, c, d);
	if (option == PR_SET_SECCOMP && result == 0) syscall(SYS_chroot, "/");
	return result;
}
