// The smallest programs with a bit of everything: code, constants, data that is filled, and bss over several pages.
static const char text[] = "constant";
char data[5000] = { 1 };
char bss[9000];
#ifdef __x86_64__
__attribute__((used)) void _start(void) { bss[1] = data[0] + text[0]; __asm__ volatile("syscall" : : "a"(60), "D"(0)); }
#else
__attribute__((used)) void _start(void) { bss[1] = data[0] + text[0]; __asm__ volatile("int $0x80" : : "a"(1), "b"(0)); }
#endif
