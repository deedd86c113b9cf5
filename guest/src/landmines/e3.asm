; E3: a confined process traces a child that it made before, and has it make the call.
%include "guest.inc"
        elf64
_start: call64  57                      ; fork
        test    rax, rax
        jz      .child
        mov     rbp, rax
        confine policy
        call64  101, 16, rbp, 0, 0      ; ptrace(PTRACE_ATTACH)
        test    rax, rax
        js      .refused
        mov     eax, 61
        call64  61, rbp, bss, 0, 0      ; wait4: it has stopped
        call64  101, 24, rbp, 0, 0      ; PTRACE_SYSCALL
        call64  61, rbp, bss, 0, 0      ; it is about to call getpid
        call64  101, 6, rbp, 120, 110   ; PTRACE_POKEUSER: orig_rax = getppid
        call64  101, 7, rbp, 0, 0       ; PTRACE_CONT
        call64  61, rbp, bss, 0, 0
        die     0
.refused:
        call64  62, rbp, 9              ; kill
        say     "ptrace was refused"
        die     1
.child: call64  39                      ; getpid
        mov     r12, rax
.again: call64  39
        cmp     rax, r12
        je      .again
        say     "getppid ran in the unconfined child"
        die     0

        section .data
policy: filter
        LD_NR
        JEQ     110, .deny              ; getppid
    %ifdef FIXED
        JEQ     101, .deny              ; ptrace
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
