%include "elf.inc"
%include "calls.inc"
        elf32
%include "loops.inc"
