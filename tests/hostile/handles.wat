;; expect: trap
;; Takes handles for ever and gives none back.
;; wit: package wasi:io@0.2.6 { interface streams { resource output-stream; } }
;; wit: package wasi:cli@0.2.6 { interface stdout { use wasi:io/streams@0.2.6.{output-stream}; get-stdout: func() -> output-stream; } }
;; wit: world greedy { include bothost:bot/bot@0.1.0; import wasi:cli/stdout@0.2.6; }
(module
  (import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
  (memory (export "memory") 4)
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
      (drop (call $stdout))
      (br $again))
    (unreachable))
)
