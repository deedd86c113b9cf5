; C5: SECCOMP_RET_KILL_THREAD, 0, which was SECCOMP_RET_KILL, ends one thread. Whoever waits for what it would have done waits on.
%include "guest.inc"
%include "thread.inc"
        elf64
_start: confine policy
        thread  doomed
        until_clear TID                 ; it has ended
        call64  202, shared, 0, 0, half_a_second        ; futex(FUTEX_WAIT)
        cmp     rax, -110
        jne     .odd
        say     "the thread is dead, the program waits on"
        die     0
.odd:   say     "something else"
        die     1
doomed: call64  110
        mov     dword [shared], 1
        call64  202, shared, 1, 1       ; FUTEX_WAKE
        exit_thread 0

        section .data
half_a_second:
        dq      0, 500000000
policy: filter
        LD_NR
        JEQ     110, .deny
        ALLOW
    %ifdef FIXED
.deny:  RET     0x80000000              ; SECCOMP_RET_KILL_PROCESS
    %else
.deny:  RET     0                       ; SECCOMP_RET_KILL_THREAD
    %endif
        end_filter policy
        end_elf
