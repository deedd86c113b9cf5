; The vsyscall page: called, and then read, which --vsyscall emulate allows and xonly, Linux's default since 5.3, answers with SIGSEGV.
%include "guest.inc"
        elf64
%define PAGE 0xffffffffff600000
_start: xor     edi, edi
        mov     rax, PAGE + 0x400       ; time(NULL)
        call    rax
        cmp     rax, 1600000000
        jl      .wrong
        say     "time ran"
        mov     rsi, PAGE
        mov     rax, [rsi]
        mov     rcx, 0x0f00000060c0c748 ; mov $96, %rax and the first byte of syscall
        cmp     rax, rcx
        jne     .wrong
        cmp     dword [rsi + 0x800 + 7], 0xccc3050f     ; syscall; ret; int3
        jne     .wrong
        say     "the page was read"
        mov     rsi, PAGE
        mov     byte [rsi], 0           ; not even then
.wrong: say     "wrong"
        die     1
        end_elf
