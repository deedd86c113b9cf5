; Hello through the 64-bit door: SYSCALL.
%include "elf.inc"
%include "calls.inc"
        elf64
_start: say     "hello through syscall"
        die     0
        end_elf
