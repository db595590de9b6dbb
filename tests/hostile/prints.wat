;; expect: outcome
;; Prints 10,000 times 100 bytes without ever ending a line.
;; wit: package wasi:io@0.2.6 { interface error { resource error; } interface streams { use error.{error}; variant stream-error { last-operation-failed(error), closed } resource output-stream { write: func(contents: list<u8>) -> result<_, stream-error>; } } }
;; wit: package wasi:cli@0.2.6 { interface stderr { use wasi:io/streams@0.2.6.{output-stream}; get-stderr: func() -> output-stream; } }
;; wit: world greedy { include bothost:bot/bot@0.1.0; import wasi:cli/stderr@0.2.6; }
(module
  (import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
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
    (local $stream i32) (local $left i32)
    (memory.fill (i32.const 4096) (i32.const 0x78) (i32.const 100))
    (local.set $stream (call $stderr))
    (local.set $left (i32.const 10000))
    (loop $again
      (call $write (local.get $stream) (i32.const 4096) (i32.const 100) (i32.const 2048))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.const 1024))
)
