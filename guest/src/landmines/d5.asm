; D5: a filter needs no_new_privs or CAP_SYS_ADMIN, or a setuid program would run under a stranger's policy.
%include "guest.inc"
        elf64
_start: call64  105, 65534              ; setuid(nobody)
    %ifdef V6
        call64  157, 37, policy_prog
    %else
        call64  157, 22, 2, policy_prog
    %endif
        say_result "installing without no_new_privs"
        xor     r8d, r8d
    %ifdef V6
        call64  157, 35, 1, 0, 0
        call64  157, 37, policy_prog
    %else
        call64  157, 38, 1, 0, 0
        call64  157, 22, 2, policy_prog
    %endif
        say_result "installing with no_new_privs"
        die     0
        need_print_number

        section .data
policy: filter
        ALLOW
        end_filter policy
        end_elf
