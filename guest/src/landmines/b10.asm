; B10: a supervisor looks at memory that another thread of its subject can still write. The window between the look and the kernel's
; own is held open here until the other thread has used it; a real one is merely short.
%include "guest.inc"
%include "thread.inc"
%define LISTENER shared
%define LOOKED   shared + 4             ; the supervisor has read the path
%define WRITTEN  shared + 8             ; the other thread has written it
%define PATH     shared + 16
%define NOTIF    shared + 0x80          ; struct seccomp_notif: id @0, data.args[1] @48
%define RESP     shared + 0x100         ; struct seccomp_notif_resp: id @0, val @8, error @16, flags @20
%define ADDFD    shared + 0x120         ; struct seccomp_notif_addfd: id @0, flags @8, srcfd @12, newfd @16, newfd_flags @20
        elf64
_start: mov     rax, "/dev/nul"
        mov     [PATH], rax
        mov     dword [PATH + 8], "l"
        thread  other
        mov     r10d, 0
        call64  56, 0x700 | 17, STACK - 0x200, 0        ; clone(CLONE_VM|CLONE_FS|CLONE_FILES|SIGCHLD): the subject
        test    rax, rax
        jz      subject
        mov     rbp, rax
        until_set LISTENER
        mov     ebx, [LISTENER]
        test    ebx, ebx
        js      .none
        call64  16, rbx, 0xc0502100, NOTIF              ; SECCOMP_IOCTL_NOTIF_RECV
        mov     rax, [NOTIF]
        mov     [RESP], rax
        mov     [ADDFD], rax
        mov     rax, "/dev/nul"
        mov     rsi, [NOTIF + 16 + 16 + 8]
        cmp     [rsi], rax
        jne     .odd
    %ifdef FIXED
        call64  2, checked, 0                           ; the supervisor opens what it has checked
        mov     [ADDFD + 12], eax
        mov     dword [ADDFD + 8], 2                    ; SECCOMP_ADDFD_FLAG_SEND
    %endif
        mov     dword [LOOKED], 1
        until_set WRITTEN
    %ifdef FIXED
        call64  16, rbx, 0x40182103, ADDFD              ; SECCOMP_IOCTL_NOTIF_ADDFD
    %else
        mov     dword [RESP + 20], 1                    ; SECCOMP_USER_NOTIF_FLAG_CONTINUE
        call64  16, rbx, 0xc0182101, RESP               ; SECCOMP_IOCTL_NOTIF_SEND
    %endif
        test    rax, rax
        js      .odd
        call64  61, rbp, 0, 0, 0                        ; wait4
        die     0
.odd:   call64  62, rbp, 9
        say     "the kernel has no such answer"
        die     2
.none:  say     "the kernel has no listeners"
        die     2

other:  until_set LOOKED
        mov     rax, "/dev/zer"
        mov     [PATH], rax
        mov     dword [PATH + 8], "o"
        mov     dword [WRITTEN], 1
        exit_thread 0

subject:
        xor     r8d, r8d
        call64  157, 38, 1, 0, 0
        call64  317, 1, 8, policy_prog                  ; seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER)
        mov     [LISTENER], eax                         ; an error is negative
        test    rax, rax
        js      .none
        call64  257, -100, PATH, 0, 0                   ; openat
        call64  0, rax, bss, 1                          ; one byte: of /dev/zero, not of /dev/null
        cmp     rax, 1
        jne     .null
        say     "the supervisor saw /dev/null; the subject has /dev/zero"
        die     0
.null:  say     "the subject has what the supervisor saw"
        die     0
.none:  die     1

        section .data
checked:
        db      "/dev/null", 0
        align   8
policy: filter
        LD_NR
        JEQ     257, .ask
        ALLOW
.ask:   RET     0x7fc00000
        end_filter policy
        end_elf
