# A near jump with the prefix 66: on AMD's processors its target has 16 bits, on Intel's the prefix does nothing. PAUSE with REX.B exchanges
# r8 with rax on AMD's.
.globl _start
_start:
  mov $1, %eax
  mov $5, %r8d
  .byte 0xf3, 0x41, 0x90    # pause, or xchg %r8, %rax
  mov %eax, %edi            # 1, or 5
  .byte 0x66, 0xe9
  .long 1f - . - 4
1:
  mov $231, %eax            # exit_group
  syscall
