;; expect: instructions
;; Runs for ever while the host asks it for room to put the event.
(module
  (memory (export "memory") 4)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (loop $for-ever (br $for-ever))
    (unreachable))
  (func $handle (export "bothost:bot/message@0.1.0#handle") (export "bothost:bot/update@0.1.0#handle") (param $event i32) (result i32)
    ;; All zero at 1024: no actions, keep the state.
    (i32.const 1024))
)
