;; expect: trap
;; Calls the host while the host asks it for room, which the canonical ABI forbids.
(module
  (import "bothost:bot/log@0.1.0" "write" (func $log (param $level i32) (param $line i32) (param $length i32)))
  (memory (export "memory") 4)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (call $log (i32.const 1) (i32.const 2048) (i32.const 1))
    (i32.const 65536))
  (func $handle (export "bothost:bot/message@0.1.0#handle") (export "bothost:bot/update@0.1.0#handle") (param $event i32) (result i32)
    ;; All zero at 1024: no actions, keep the state.
    (i32.const 1024))
)
