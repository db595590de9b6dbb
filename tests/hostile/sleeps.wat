;; expect: outcome
;; Sleeps 584 years. Nothing waits here, so it goes on at once.
;; wit: package wasi:io@0.2.6 { interface poll { resource pollable { block: func(); } } }
;; wit: package wasi:clocks@0.2.6 { interface monotonic-clock { use wasi:io/poll@0.2.6.{pollable}; subscribe-duration: func(when: u64) -> pollable; } }
;; wit: world greedy { include bothost:bot/bot@0.1.0; import wasi:clocks/monotonic-clock@0.2.6; }
(module
  (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $subscribe (param $nanoseconds i64) (result i32)))
  (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param $pollable i32)))
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
    (call $block (call $subscribe (i64.const -1)))
    (i32.const 1024))
)
