; Runs random code from standard input in rounds, and writes what it left: the guest of `npm run campaign -- code`
; (tools/campaign/code/code.ts). The code is slots of 16 bytes. A fault goes on at the next slot, or ends the round if it is elsewhere;
; three of four faults empty their slot, so that later rounds get on.
; Input: a header of 64 bytes (dwords: rounds, bytes of code, microseconds of a timer or 0), 16 registers, 8 KiB of data, the code.
; Output: registers, flags, FXSAVE image, data, faults and a hash of their places.
; The code is mapped twice, so it can be written at another address than it runs at.
%include "guest.inc"
%define CODE    0x10000000
%define ALIAS   0x18000000
%define CODE_SIZE 0x10000
%define DATA    0x20000000
%define DATA_SIZE 0x2000
%define STACK   0x30000000
%define STACK_SIZE 0x10000
%define INPUT   0x40000000
%define INPUT_SIZE 0x20000
%define SIGNALS 0x48000000
%define HEADER  INPUT
%define GPRS    (INPUT + 64)
; What is written at the end, on a page of its own.
%define OUT     0x50000000
%define ROUNDS  (OUT + 0x2c00)
%define FAULTS  (OUT + 0x0400)
%define HASH    (OUT + 0x0408)
%define MAX_FAULTS 400
; Counters of loops, which each round begins with anew.
%define COUNTERS (OUT + 0x2d00)

; What the end of the code jumps to, in either mode: m16:32.
%define EXIT    (OUT + 0x2f00)

%macro map 5
        mov     r10d, %4
        mov     r8d, %5
        xor     r9d, r9d
        call64  9, %1, %2, %3
%endmacro
%macro handle 2
        xor     edx, edx
        mov     r10d, 8
        call64  13, %1, %2
%endmacro

        elf64
_start: map     INPUT, INPUT_SIZE, 3, 0x32, -1
        map     SIGNALS, 0x10000, 3, 0x32, -1
        map     DATA, DATA_SIZE, 3, 0x32, -1
        map     STACK, STACK_SIZE, 3, 0x32, -1
        map     OUT, 0x4000, 3, 0x32, -1
        call64  319, name, 0            ; memfd_create
        mov     ebx, eax
        call64  77, rbx, CODE_SIZE      ; ftruncate
        map     CODE, CODE_SIZE, 7, 0x11, ebx
        map     ALIAS, CODE_SIZE, 3, 0x11, ebx
        mov     r12d, INPUT
.read:  mov     edx, INPUT + INPUT_SIZE
        sub     edx, r12d
        call64  0, 0, r12
        test    rax, rax
        jle     .all
        add     r12, rax
        jmp     .read
.all:   mov     dword [EXIT], round
        mov     word [EXIT + 4], 0x33
        mov     esi, INPUT + 64 + 128
        mov     edi, DATA
        mov     ecx, DATA_SIZE / 8
        rep movsq
        mov     edi, CODE
        mov     ecx, [HEADER + 4]
        rep movsb
        mov     eax, [HEADER]
        mov     [ROUNDS], eax
        call64  131, altstack, 0
        handle  4, action
        handle  5, action
        handle  7, action
        handle  8, action
        handle  11, action
        handle  14, alarm_action
        mov     eax, [HEADER + 8]
        test    eax, eax
        jz      .go
        mov     [OUT + 0x2e08], rax
        mov     [OUT + 0x2e18], rax
        call64  38, 0, OUT + 0x2e00, 0  ; setitimer, real
.go:    mov     rax, [GPRS]
        mov     rcx, [GPRS + 8]
        mov     rdx, [GPRS + 16]
        mov     rbx, [GPRS + 24]
        mov     rbp, [GPRS + 40]
        mov     rsi, [GPRS + 48]
        mov     rdi, [GPRS + 56]
        mov     r8, [GPRS + 64]
        mov     r9, [GPRS + 72]
        mov     r10, [GPRS + 80]
        mov     r11, [GPRS + 88]
        mov     r12, [GPRS + 96]
        mov     r13, [GPRS + 104]
        mov     r14, [GPRS + 112]
        mov     r15, [GPRS + 120]
; A round: flags, stack and counters as they were; all else as the last round left it.
round:  mov     esp, STACK + STACK_SIZE / 2
        sub     dword [ROUNDS], 1
        js      finish
        mov     dword [COUNTERS], 5
        mov     dword [COUNTERS + 4], 17
        mov     dword [COUNTERS + 8], 2
        mov     dword [COUNTERS + 12], 60
        push    0x202
        popfq
        cld
        jmp     CODE
finish: mov     [OUT], rax
        mov     [OUT + 8], rcx
        mov     [OUT + 16], rdx
        mov     [OUT + 24], rbx
        mov     [OUT + 40], rbp
        mov     [OUT + 48], rsi
        mov     [OUT + 56], rdi
        mov     [OUT + 64], r8
        mov     [OUT + 72], r9
        mov     [OUT + 80], r10
        mov     [OUT + 88], r11
        mov     [OUT + 96], r12
        mov     [OUT + 104], r13
        mov     [OUT + 112], r14
        mov     [OUT + 120], r15
        fxsave  [OUT + 0x100 + 0x100]
        mov     esi, DATA
        mov     edi, OUT + 0x500
        mov     ecx, DATA_SIZE / 8
        cld
        rep movsq
        call64  1, 1, OUT, 0x2500
        die     0

; Fault: rdi signal, rdx ucontext (gregs at 40: rip at 168, eflags at 176, cs at 184).
fault:  mov     rax, [rdx + 168]
        imul    rcx, [HASH], 1000003
        add     rcx, rax
        add     rcx, rdi
        mov     [HASH], rcx
        and     qword [rdx + 176], ~0x40100
        add     dword [FAULTS], 1
        cmp     dword [FAULTS], MAX_FAULTS
        ja      finish
        cmp     edi, 5
        jne     .next
        dec     rax
.next:  mov     rcx, rax
        shr     rcx, 16
        cmp     rcx, CODE >> 16
        jne     .out
        test    byte [FAULTS], 3
        jz      .skip
        mov     ecx, eax
        and     ecx, ~15 & (CODE_SIZE - 1)
        add     ecx, ALIAS
        mov     rsi, 0x9090909090909090
        mov     [rcx], rsi
        mov     [rcx + 8], rsi
.skip:  or      rax, 15
        inc     rax
        mov     [rdx + 168], rax
        ret
.out:   mov     qword [rdx + 168], round
        mov     word [rdx + 184], 0x33
        ret
; The alarm: where it came, and in which round.
alarm:  imul    rcx, [HASH], 1000003
        add     rcx, [rdx + 168]
        mov     eax, [ROUNDS]
        add     rcx, rax
        mov     [HASH], rcx
        ret
restorer:
        mov     eax, 15
        syscall
        section .data
        align 8
name:   db      "c", 0
        align 8
altstack: dq    SIGNALS, 0, 0x10000
action: dq      fault, 0x0c000004 | 0x40000000, restorer, 0
alarm_action: dq alarm, 0x0c000004, restorer, -1
        end_elf
