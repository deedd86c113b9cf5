; E8: i386 has two ways to each socket call: its own number, and socketcall, whose arguments lie in memory.
%include "guest.inc"
        elf32
_start: confine policy
        int80   102, 1, arguments       ; socketcall(SYS_SOCKET)
        test    eax, eax
        js      .refused
        say     "socketcall made a socket"
        die     0
.refused:
        say     "socketcall was refused"
        die     1

        section .data
arguments: dd 1, 2, 0                   ; AF_UNIX, SOCK_DGRAM
policy: filter
        LD_NR
        JEQ     359, .deny              ; socket
    %ifdef FIXED
        JEQ     102, .deny              ; socketcall
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
