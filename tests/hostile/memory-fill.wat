;; expect: instructions
;; Fills 64 MiB again and again. The engine counts the bytes as instructions, or this would dodge the budget.
(module
  (memory (export "memory") 1023)
  (global $top (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at
      (i32.and
        (i32.sub (i32.add (global.get $top) (local.get $align)) (i32.const 1))
        (i32.sub (i32.const 0) (local.get $align))))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func $handle (export "bothost:bot/message@0.1.0#handle") (export "bothost:bot/update@0.1.0#handle") (param $event i32) (result i32)
    (loop $again
      (memory.fill (i32.const 0) (i32.const 0xaa) (i32.const 0x3ff0000))
      (br $again))
    (unreachable))
)
