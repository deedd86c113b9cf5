; C12: a sleep that was stopped and goes on does so by restart_syscall, a call that no program writes.
%include "guest.inc"
%include "thread.inc"
        elf64
_start: xor     r10d, r10d
        call64  56, 0x100 | 17, STACK, 0        ; clone(CLONE_VM|SIGCHLD)
        test    rax, rax
        jz      .child
        mov     rbp, rax
        until_set shared                ; it is about to sleep
        call64  35, brief, 0            ; nanosleep
        call64  62, rbp, 19             ; kill(SIGSTOP)
        call64  61, rbp, shared + 8, 2, 0       ; wait4(WUNTRACED)
        call64  62, rbp, 18             ; kill(SIGCONT)
        call64  61, rbp, shared + 16, 0, 0
        mov     eax, [shared + 16]
        and     eax, 0x7f
        say_result "signal that ended the sleeper"
        die     0
.child: confine policy
        mov     dword [shared], 1
        call64  35, longer, 0
        die     0
        need_print_number

        section .data
brief:  dq      0, 300000000
longer: dq      1, 0
policy: filter
        LD_NR
    %ifndef FIXED
        JEQ     219, .deny              ; restart_syscall
    %endif
        ALLOW
.deny:  KILL
        end_filter policy
        end_elf
