; E16: io_uring connects a socket. The filter forbids connect.
%include "guest.inc"
        elf64
_start: call64  41, 1, 1, 0             ; socket: AF_UNIX, SOCK_STREAM
        mov     rbx, rax
        call64  49, rbx, address, LENGTH        ; bind
        call64  50, rbx, 1              ; listen
        call64  41, 1, 1, 0             ; socket
        mov     rbx, rax
        confine policy
%include "uring.inc"
        mov     byte [r13], 16          ; IORING_OP_CONNECT
        mov     [r13 + 4], ebx
        mov     qword [r13 + 8], LENGTH
        mov     qword [r13 + 16], address
        uring_enter
        test    eax, eax
        js      .failed
        say     "a socket was connected without a call"
        die     0
.failed:
        say     "the operation failed"
        die     2

        section .data
address: db 1, 0, 0, "trapgate-e16"
LENGTH  equ $ - address
policy: filter
        LD_NR
        JEQ     42, .deny               ; connect
    %ifdef FIXED
        JEQ     425, .deny              ; io_uring_setup
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
