; E14: Landlock before ABI 6 does not see abstract Unix sockets: they have no file.
%include "guest.inc"
        elf64
_start: call64  41, 1, 1, 0             ; socket(AF_UNIX, SOCK_STREAM): a service outside
        mov     rbp, rax
        call64  49, rbp, address, 15    ; bind
        call64  50, rbp, 1              ; listen
        xor     r8d, r8d
        call64  157, NNP, 1, 0, 0
        call64  444, handled, 24, 0     ; landlock_create_ruleset
        test    rax, rax
        js      .none
        call64  446, rax, 0             ; landlock_restrict_self
        call64  41, 1, 1, 0
        call64  42, rax, address, 15    ; connect
        say_result "connect"
        die     0
.none:  say_result "landlock_create_ruleset"
        die     1
        need_print_number

        section .data
address: dw 1
        db 0, "trapgate-e14"
handled: dq 0xffff, 3                   ; every file right, TCP
    %ifdef FIXED
        dq 1                            ; LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
    %else
        dq 0
    %endif
        end_elf
