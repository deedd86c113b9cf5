; D1: a filter is a thread's. Threads that are there already go on without it, unless they are synchronized (3.17).
%include "guest.inc"
%include "thread.inc"
        elf64
_start: thread  older
    %ifdef FIXED
        xor     r8d, r8d
        call64  157, 38, 1, 0, 0
        call64  317, 1, 1, policy_prog  ; seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC)
        test    rax, rax
        jz      .confined
        say_result "synchronizing"
        die     99
.confined:
    %else
        confine policy
    %endif
        mov     dword [shared], 1
        until_clear TID
        die     0
older:  until_set shared
        call64  110
        cmp     rax, -1
        je      .refused
        say     "getppid ran in the older thread"
        exit_thread 0
.refused:
        say     "getppid was refused in the older thread"
        exit_thread 0
        need_print_number

        section .data
policy: filter
        LD_NR
        JEQ     110, .deny
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
