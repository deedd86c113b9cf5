; E13: Landlock before ABI 5 does not restrict ioctl(2) on devices.
%include "guest.inc"
        elf64
_start: xor     r8d, r8d
        call64  157, NNP, 1, 0, 0
        call64  444, handled, 8, 0      ; landlock_create_ruleset
        test    rax, rax
        js      .none
        call64  446, rax, 0             ; landlock_restrict_self
        call64  257, -100, path, 0      ; openat
        call64  16, rax, 0x5401, bss    ; ioctl, TCGETS: -25 is the device's answer
        say_result "ioctl"
        die     0
.none:  say_result "landlock_create_ruleset"
        die     1
        need_print_number

        section .data
path:   db "/dev/null", 0
    %ifdef FIXED
handled: dq 1 << 1 | 1 << 15            ; LANDLOCK_ACCESS_FS_WRITE_FILE, IOCTL_DEV
    %else
handled: dq 1 << 1
    %endif
        end_elf
