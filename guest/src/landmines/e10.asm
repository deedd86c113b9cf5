; E10: the listener ends. Its calls give ENOSYS then, and a program that knows an older call falls back to that.
%include "guest.inc"
        elf64
_start: xor     r8d, r8d
        call64  157, NNP, 1, 0, 0
        call64  317, 1, 8, policy_prog  ; seccomp(SECCOMP_SET_MODE_FILTER, NEW_LISTENER)
        test    rax, rax
        js      .none
        call64  3, rax                  ; close: the supervisor is gone
        call64  437, -100, self, how, 24        ; openat2
        say_result "openat2 without a listener"
        call64  257, -100, self, 0      ; openat: the older call
        test    rax, rax
        js      .refused
        say     "openat opened the file"
        die     0
.refused:
        say_result "openat"
        die     1
.none:  say_result "a listener"
        die     1
        need_print_number

        section .data
self:   db "/proc/self/exe", 0
how:    dq 0, 0, 0                      ; struct open_how
policy: filter
        LD_NR
        JEQ     437, .ask               ; openat2
    %ifdef FIXED
        JEQ     2, .ask                 ; open
        JEQ     257, .ask               ; openat
    %endif
        ALLOW
.ask:   RET     0x7fc00000              ; SECCOMP_RET_USER_NOTIF
        end_filter policy
        end_elf
