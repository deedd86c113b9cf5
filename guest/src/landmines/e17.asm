; E17: asynchronous I/O writes. The filter lets write(2) reach the standard streams only, and never sees a request of io_submit(2).
%include "guest.inc"
        elf64
; The kernel writes to these.
ends    equ     bss + 16
context equ     bss + 24
list    equ     bss + 32
request equ     bss + 64
buffer  equ     bss + 128
_start: call64  22, ends                ; pipe
        confine policy
    %ifndef V6
        mov     edi, [ends + 4]
        call64  1, rdi, text, 1         ; write
        cmp     rax, -1
        jne     .strange
    %endif
        call64  206, 1, context         ; io_setup
        test    rax, rax
        js      .refused
        mov     byte [request + 16], 1  ; aio_lio_opcode = IOCB_CMD_PWRITE
        mov     eax, [ends + 4]
        mov     [request + 20], eax     ; aio_fildes
        mov     qword [request + 24], text
        mov     byte [request + 32], 1  ; aio_nbytes
        mov     qword [list], request
        call64  209, [context], 1, list ; io_submit
        cmp     rax, 1
        jne     .strange
        mov     edi, [ends]
        call64  0, rdi, buffer, 1       ; read
        cmp     rax, 1
        jne     .strange
        say     "a byte was written without a call"
        die     0
.refused:
        say     "io_setup was refused"
        die     1
.strange:
        say     "something else happened"
        die     2

        section .data
text:   db      "x"
policy: filter
        LD_NR
        JEQ     18, .deny               ; pwrite64
        JEQ     20, .deny               ; writev
        JEQ     296, .deny              ; pwritev
        JEQ     328, .deny              ; pwritev2
    %ifdef FIXED
        JEQ     206, .deny              ; io_setup
    %endif
        JNE     1, .allow               ; write
        LD_ARG_LO 0
        JGE     3, .deny
.allow: ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
