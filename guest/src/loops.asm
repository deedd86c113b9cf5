%include "elf.inc"
%include "calls.inc"
        elf64
%include "loops.inc"
