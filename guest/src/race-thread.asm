; A race for `trapgate explore`: a program confines its threads as one had to before SECCOMP_FILTER_FLAG_TSYNC (3.17), by asking each to
; install the filter. A thread that the older one makes meanwhile, before it is confined itself, escapes. With an argument: TSYNC.
;   trapgate explore --never getppid guest/bin/race-thread [tsync]
%include "guest.inc"
%include "thread.inc"
%define ASKED    shared                 ; install the filter
%define DONE     shared + 4             ; the older thread has
%define CONFINED shared + 8             ; from here on nobody may call getppid
%define YOUNGER  shared + 12            ; the younger thread's id while it lives, then 0
        elf64
_start: mov     r15, [rsp]              ; argc
        mov     dword [YOUNGER], -1
        thread  older
        cmp     r15, 2
        je      .tsync
        mov     dword [ASKED], 1
        confine policy
        until_set DONE
        jmp     .confined
.tsync: xor     r8d, r8d
        call64  157, 38, 1, 0, 0
        call64  317, 1, 1, policy_prog  ; seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC)
        test    rax, rax
        jnz     .failed
        mov     dword [DONE], 1
.confined:
        mov     dword [CONFINED], 1
        until_clear YOUNGER
        die     0
.failed:
        die     1

; Looks for work between system calls of its own, as a thread of a runtime does.
older:  cmp     dword [ASKED], 0
        je      .work
        call    confine_me
.work:  call64  39                      ; getpid: something else
        call64  56, THREAD_FLAGS, STACK - 0x300, YOUNGER, YOUNGER
        test    rax, rax
        jz      younger
        cmp     dword [DONE], 0
        jne     .end
        cmp     r15, 2
        je      .end
        until_set ASKED
        call    confine_me
.end:   exit_thread 0

confine_me:
        cmp     dword [DONE], 0
        jne     .done
        confine policy
        mov     dword [DONE], 1
.done:  ret

younger:
        until_set CONFINED
        call64  110                     ; getppid
        exit_thread 0

        section .data
policy: filter
        LD_NR
        JEQ     110, .deny
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
