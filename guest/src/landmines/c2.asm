; C2: EPERM for a call that the policy does not know. A C library tries clone3 and falls back to clone for ENOSYS only.
%include "guest.inc"
%include "thread.inc"
        elf64
_start: confine policy
        call64  435, arguments, 64      ; clone3
        cmp     rax, -38                ; ENOSYS
        jne     .gives_up
        thread  started
        until_clear TID
        die     0
.gives_up:
        say_result "no thread: clone3"
        die     1
started:
        say     "a thread, through clone"
        exit_thread 0
        need_print_number

        section .data
        align   8
arguments:
        dq      THREAD_FLAGS, 0, TID, TID, 0, STACK - 0x800, 0x800, 0
policy: filter
        LD_NR
        JEQ     435, .unknown
        ALLOW
    %ifdef FIXED
.unknown:
        ERRNO   38
    %else
.unknown:
        ERRNO   1
    %endif
        end_filter policy
        end_elf
