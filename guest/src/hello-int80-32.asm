; Hello through int 0x80, the door that every i386 kernel has.
%include "elf.inc"
%include "calls.inc"
        elf32
_start: say     "hello through int 0x80"
        die     0
        end_elf
