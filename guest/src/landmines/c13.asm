; C13: a signal handler returns by rt_sigreturn, which a policy must allow.
%include "guest.inc"
        elf64
_start: confine policy
        call64  13, 10, action, 0, 8    ; rt_sigaction(SIGUSR1)
        call64  39
        call64  62, rax, 10             ; kill(getpid(), SIGUSR1)
        say     "the handler came back"
        die     0
handler:
        say     "in the handler"
        ret
restorer:
        mov     eax, 15
        syscall

        section .data
action: dq      handler, 0x04000000, restorer, 0        ; SA_RESTORER
policy: filter
        LD_NR
    %ifndef FIXED
        JEQ     15, .deny               ; rt_sigreturn
    %endif
        ALLOW
.deny:  KILL
        end_filter policy
        end_elf
