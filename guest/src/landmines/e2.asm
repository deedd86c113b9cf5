; E2: a confined process writes into one that is not, by process_vm_writev.
%include "guest.inc"
        elf64
_start: call64  39                      ; getpid
        mov     r12, rax
        call64  57                      ; fork
        test    rax, rax
        jz      .child
        mov     rbp, rax
        call64  61, rbp, bss, 0, 0      ; wait4
        cmp     qword [bss + 128], 1
        jne     .untouched
        say     "the unconfined parent was changed"
        die     0
.untouched:
        say     "the parent is unchanged"
        die     1
.child: confine policy
        mov     r8d, 1
        xor     r9d, r9d
        call64  311, r12, local, 1, remote   ; process_vm_writev
        die     0

        section .data
one:    dq 1
local:  dq one, 8                       ; struct iovec
remote: dq bss + 128, 8
policy: filter
        LD_NR
        JEQ     101, .deny              ; ptrace
    %ifdef FIXED
        JEQ     310, .deny              ; process_vm_readv
        JEQ     311, .deny              ; process_vm_writev
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
