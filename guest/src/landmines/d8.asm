; D8: one listener in a chain of filters; the second is refused.
%include "guest.inc"
        elf64
_start: xor     r8d, r8d
        call64  157, 38, 1, 0, 0
        call64  317, 1, 8, policy_prog  ; seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER)
        test    rax, rax
        js      .none
        say     "there is a listener"
        call64  317, 1, 8, policy_prog
        say_result "a second one"
        die     0
.none:  say_result "a listener"
        die     1
        need_print_number

        section .data
policy: filter
        ALLOW
        end_filter policy
        end_elf
