// __kernel_vsyscall and the signal trampolines of i386. Linux arch/x86/entry/vdso/vdso32/{system_call,sigreturn}.S describe what
// programs and unwinders expect: libgcc knows the trampolines by their very bytes, unwinders find the caller of
// __kernel_vsyscall at each of its instructions, and a return from sysenter or syscall goes to
// int80_landing_pad, which pops what was pushed here.
	.text
	.globl __kernel_vsyscall, __kernel_sigreturn, __kernel_rt_sigreturn, int80_landing_pad
	.type __kernel_vsyscall, @function
	.balign 16
__kernel_vsyscall:
	.cfi_startproc
	push	%ecx
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset ecx, 0
	push	%edx
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset edx, 0
	push	%ebp
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset ebp, 0
	// The four bytes that the kernel replaces: mov %esp,%ebp; sysenter, or mov %ecx,%ebp; syscall.
	.byte	0x0f, 0x1f, 0x40, 0x00
	int	$0x80
int80_landing_pad:
	pop	%ebp
	.cfi_restore ebp
	.cfi_adjust_cfa_offset -4
	pop	%edx
	.cfi_restore edx
	.cfi_adjust_cfa_offset -4
	pop	%ecx
	.cfi_restore ecx
	.cfi_adjust_cfa_offset -4
	ret
	.cfi_endproc
	.size __kernel_vsyscall, . - __kernel_vsyscall

	.type __kernel_sigreturn, @function
	.balign 32
	nop		// an unwinder looks up the address before the return address
__kernel_sigreturn:
	pop	%eax
	mov	$119, %eax	// sigreturn
	int	$0x80
	.size __kernel_sigreturn, . - __kernel_sigreturn

	.type __kernel_rt_sigreturn, @function
	.balign 32
	nop
__kernel_rt_sigreturn:
	mov	$173, %eax	// rt_sigreturn
	int	$0x80
	.size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn
	.section .note.GNU-stack, "", @progbits
