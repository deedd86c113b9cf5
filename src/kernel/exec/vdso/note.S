// The note by which a program tells the kernel version it runs on (LINUX_VERSION_CODE); the loader of glibc reads it.
	.section .note.Linux, "a", @note
	.balign 4
	.long	6, 4, 0
	.asciz	"Linux"
	.balign 4
	.long	0x060c00
	.section .note.GNU-stack, "", @progbits
