; What A12 executes: an i386 program that removes the file it came from and calls getppid.
%include "guest.inc"
        elf32
_start: int80   10, path                ; unlink
        int80   64
        test    eax, eax
        js      .refused
        say     "getppid ran in an i386 program"
        die     0
.refused:
        say     "getppid was refused"
        die     1
        section .data
path:   db      "/tmp/trapgate-landmine-a12", 0
        end_elf
