; D3: a tracer puts another number in place of the one that is being called. Before 4.8 the filter had looked already.
%include "guest.inc"
        elf64
_start: call64  57                      ; fork
        test    rax, rax
        jz      .child
        mov     rbp, rax
        call64  61, rbp, bss, 2, 0      ; wait4: the child has stopped itself
        call64  101, 24, rbp, 0, 0      ; ptrace(PTRACE_SYSCALL)
        call64  61, rbp, bss, 2, 0      ; it is about to call getpid
        call64  101, 6, rbp, 120, 110   ; PTRACE_POKEUSER: orig_rax = getppid
        call64  101, 7, rbp, 0, 0       ; PTRACE_CONT
        call64  61, rbp, bss, 0, 0
        die     0
.child: confine policy
        call64  101, 0, 0, 0, 0         ; PTRACE_TRACEME
        test    rax, rax
        jnz     .untraced
        call64  39                      ; getpid
        mov     r12, rax
        call64  62, rax, 19             ; SIGSTOP
        call64  39
        cmp     rax, -1
        je      .refused
        cmp     rax, r12
        je      .unchanged
        say     "getppid ran in getpid's place"
        die     0
.refused:
        say     "the filter refused getppid in getpid's place"
        die     0
.unchanged:
        say     "the tracer changed nothing"
        die     1
.untraced:
        say     "there is no ptrace"
        die     1

        section .data
policy: filter
        LD_NR
        JEQ     110, .deny
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
