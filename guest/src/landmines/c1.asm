; C1: a deny-list knows the calls of its day. Signals can be sent since 5.1 by pidfd_send_signal.
%include "guest.inc"
        elf64
_start: confine policy
        call64  57                      ; fork
        test    rax, rax
        jz      .child
        mov     rbp, rax
        call64  434, rbp, 0             ; pidfd_open
        xor     r10d, r10d
        call64  424, rax, 15, 0         ; pidfd_send_signal(SIGTERM)
        test    rax, rax
        js      .refused
        call64  61, rbp, bss, 0, 0      ; wait4
        cmp     dword [bss], 15
        jne     .odd
        say     "ended a process with pidfd_send_signal"
        die     0
.refused:
        say_result "pidfd_send_signal"
        die     1
.odd:   say     "something else"
        die     2
.child: call64  157, 1, 9               ; PR_SET_PDEATHSIG
        call64  35, seconds, 0          ; nanosleep
        die     0
        need_print_number

        section .data
seconds:
        dq      5, 0
policy: filter
        LD_NR
    %ifdef FIXED
        JGE     424, .unknown           ; what came since 5.1
    %endif
        JEQ     62, .deny               ; kill
        JEQ     200, .deny              ; tkill
        JEQ     234, .deny              ; tgkill
        JEQ     129, .deny              ; rt_sigqueueinfo
        JEQ     297, .deny              ; rt_tgsigqueueinfo
        ALLOW
.deny:  ERRNO   1
.unknown:
        ERRNO   38
        end_filter policy
        end_elf
