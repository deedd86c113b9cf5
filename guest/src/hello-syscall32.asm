; Hello through a bare SYSCALL in 32-bit code: argument 2 travels in ebp, argument 6 on the stack, and the kernel returns
; to the vDSO's landing pad. Linux arch/x86/entry/entry_64_compat.S, entry_SYSCALL_compat.
; An Intel processor knows SYSCALL in 64-bit code only: SIGILL.
%include "elf.inc"
        elf32
_start: mov     ebx, 1
        mov     ecx, text
        mov     edx, end - text
        mov     eax, 4
        push    .back
        push    ecx
        push    edx
        push    ebp
        mov     ebp, ecx
        syscall
.back:  xor     ebx, ebx
        mov     eax, 252
        push    .back
        push    ecx
        push    edx
        push    ebp
        mov     ebp, ecx
        syscall
        section .data
text:   db      "hello through syscall from 32-bit code", 10
end:
        end_elf
