; What A12 executes: an i386 program that removes itself and calls getppid.
%include "guest.inc"
        elf32
_start: mov     ebx, [esp + 4]
        mov     eax, 10                 ; unlink(argv[0])
        int     0x80
        int80   64
        test    eax, eax
        js      .refused
        say     "getppid ran in an i386 program"
        die     0
.refused:
        say     "getppid was refused"
        die     1
        end_elf
