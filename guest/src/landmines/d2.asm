; D2: synchronizing threads fails when one of them has a filter of its own: the result is its id, which looks like no error at all.
%include "guest.inc"
%include "thread.inc"
        elf64
_start: thread  other
        until_set shared
        xor     r8d, r8d
        call64  157, 38, 1, 0, 0
        call64  317, 1, 1, policy_prog  ; seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC)
        cmp     eax, [TID]
        jne     .answer
        say     "TSYNC = the other thread's id"
        jmp     .esrch
.answer:
        say_result "TSYNC"
.esrch: call64  317, 1, 0x11, policy_prog       ; with SECCOMP_FILTER_FLAG_TSYNC_ESRCH
        say_result "TSYNC_ESRCH"
        mov     dword [shared + 4], 1
        until_clear TID
        die     0
other:
    %ifndef FIXED
        confine policy
    %endif
        mov     dword [shared], 1
        until_set shared + 4
        xor     r8d, r8d
        call64  157, 39, 0, 0, 0        ; PR_GET_NO_NEW_PRIVS
        say_result "no_new_privs of the other thread"
        exit_thread 0
        need_print_number

        section .data
policy: filter
        ALLOW
        end_filter policy
        end_elf
