; B5: i386 has two ways to each socket call: its own number, and a number within socketcall, which a filter cannot look into.
%include "guest.inc"
        elf32
_start: confine policy
        int80   102, 1, socket          ; socketcall(SYS_SOCKET)
        test    eax, eax
        js      .refused
        say     "made a socket through socketcall"
        die     0
.refused:
        say     "socketcall was refused"
        die     1

        section .data
socket: dd      1, 1, 0                 ; AF_UNIX, SOCK_STREAM
        align   8
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
