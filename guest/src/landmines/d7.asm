; D7: what a parent learns about a child that a filter killed is SIGCHLD's siginfo: the signal, not the call.
%include "guest.inc"
        elf64
_start: call64  57                      ; fork
        test    rax, rax
        jz      .child
        xor     r8d, r8d
        call64  247, 0, 0, bss + 0x100, 4       ; waitid(P_ALL, WEXITED)
        movsxd  rax, [bss + 0x100]
        say_result "si_signo"
        movsxd  rax, [bss + 0x108]
        say_result "si_code"
        movsxd  rax, [bss + 0x118]
        say_result "si_status"
        die     0
.child: call64  157, 4, 0               ; PR_SET_DUMPABLE: no core on any machine
        confine policy
        call64  110
        die     1
        need_print_number

        section .data
policy: filter
        LD_NR
        JEQ     110, .deny
        ALLOW
.deny:  KILL
        end_filter policy
        end_elf
