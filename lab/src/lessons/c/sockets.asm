; Made from sockets.c by gcc 12.4.0, -Os.
%include "elf.inc"
        elf64
_start:
; 15 | call3(SYS_socket, AF_INET, SOCK_STREAM, 0);
        mov     r8d, 41
        mov     r9d, 1
        mov     edi, 2
        xor     edx, edx
        mov     rax, r8
        mov     rsi, r9
        syscall
; 16 | call3(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        mov     esi, 524289
        mov     rax, r8
        syscall
; 17 | call3(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
        mov     rax, r8
        mov     rdi, r9
        mov     rsi, r9
        syscall
; 18 | call3(SYS_exit_group, 0, 0, 0);
        mov     eax, 231
        mov     rdi, rdx
        mov     rsi, rdx
        syscall
; 19 | }
        ret
        end_elf
