; A race for `trapgate explore`: two threads add one to a word in three instructions, and no system call comes between. Exit status 1 if
; an addition is lost. Only short time slices can show it.
;   trapgate explore --slice 2 guest/bin/race-counter
%include "guest.inc"
%include "thread.inc"
        elf64
_start: thread  other
        mov     eax, [shared]
        inc     eax
        mov     [shared], eax
        until_clear TID
        cmp     dword [shared], 2
        jne     .lost
        die     0
.lost:  die     1
other:  mov     eax, [shared]
        inc     eax
        mov     [shared], eax
        exit_thread 0
        end_elf
