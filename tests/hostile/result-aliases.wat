;; expect: output
;; Returns 1,000 tags that are all the same 1 MiB of its 2 MiB: whoever copies them allocates 1 GiB.
(module
  (memory (export "memory") 32)
  (global $top (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at
      (i32.and
        (i32.sub (i32.add (global.get $top) (local.get $align)) (i32.const 1))
        (i32.sub (i32.const 0) (local.get $align))))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  ;; result: ok, one action at 2048.
  (data (i32.const 1024) "\00\00\00\00" "\00\08\00\00" "\01\00\00\00")
  ;; action: tag (case 6), a list of 1,000 at 4096.
  (data (i32.const 2048) "\06\00\00\00" "\00\10\00\00" "\e8\03\00\00")
  (func $handle (export "bothost:bot/message@0.1.0#handle") (export "bothost:bot/update@0.1.0#handle") (param $event i32) (result i32)
    (local $at i32)
    (memory.fill (i32.const 0x80000) (i32.const 0x78) (i32.const 0x100000))
    (local.set $at (i32.const 4096))
    (loop $next
      (i32.store (local.get $at) (i32.const 0x80000))
      (i32.store offset=4 (local.get $at) (i32.const 0x100000))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 12096))))
    (i32.const 1024))
)
