; Hello through a bare SYSENTER. The kernel returns to the vDSO's landing pad, which pops ebp, edx, ecx and returns:
; so the stack is laid out as __kernel_vsyscall does it. Linux arch/x86/entry/vdso/vdso32/system_call.S.
; An AMD processor in long mode knows no SYSENTER: SIGILL.
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
        mov     ebp, esp
        sysenter
.back:  xor     ebx, ebx
        mov     eax, 252
        push    .back
        push    ecx
        push    edx
        push    ebp
        mov     ebp, esp
        sysenter
        section .data
text:   db      "hello through sysenter", 10
end:
        end_elf
