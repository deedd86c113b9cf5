; D4: PTRACE_O_SUSPEND_SECCOMP is for the privileged; asked for in PTRACE_SEIZE it was granted to anybody (CVE-2022-30594).
%include "guest.inc"
        elf64
_start: call64  105, 65534              ; setuid(nobody)
        call64  157, 4, 1               ; PR_SET_DUMPABLE, which setuid took away
        call64  57                      ; fork
        test    rax, rax
        jz      .child
        mov     rbp, rax
        call64  101, 0x4206, rbp, 0, 1 << 21    ; ptrace(PTRACE_SEIZE, PTRACE_O_SUSPEND_SECCOMP)
        mov     r12, rax
        call64  62, rbp, 9
        mov     rax, r12
        say_result "suspending the filter of a child"
        die     0
.child: call64  34                      ; pause
        jmp     .child
        need_print_number
        end_elf
