; Hello through the 32-bit door from 64-bit code: int 0x80 reaches the i386 table whatever the mode of the code.
%include "elf.inc"
%include "calls.inc"
        elf64
_start: int80   4, 1, text, end - text
        int80   1, 0
        section .data
text:   db      "hello through int 0x80 from 64-bit code", 10
end:
        end_elf
