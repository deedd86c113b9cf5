; C6: waiting for a thread that a filter killed. The word that the kernel clears (glibc waits for it) is cleared; a word that the thread
; itself writes when it ends (as musl's) stays as it is.
%include "guest.inc"
%include "thread.inc"
        elf64
_start: confine policy
        thread  doomed
.wait:  mov     edx, [TID]
        test    edx, edx
        jz      .joined
        call64  202, TID, 0, rdx, a_minute              ; futex(FUTEX_WAIT)
        cmp     rax, -110
        jne     .wait
        say     "the kernel's word was never cleared"
        die     1
.joined:
        say     "the kernel's word was cleared"
        call64  202, shared, 0, 0, a_second
        cmp     rax, -110
        jne     .odd
        say     "the thread's own word never came"
        die     0
.odd:   say     "something else"
        die     1
doomed: call64  110
        mov     dword [shared], 1
        call64  202, shared, 1, 1       ; FUTEX_WAKE
        exit_thread 0

        section .data
a_second:
        dq      1, 0
a_minute:
        dq      60, 0
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
