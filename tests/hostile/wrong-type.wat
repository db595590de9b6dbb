;; expect: refused-at-upload
;; Exports functions of the right name and another type.
(component
  (core module $code (func (export "handle") (param i32) (result i32) (local.get 0)))
  (core instance $code (instantiate $code))
  (func $handle (param "x" u32) (result u32) (canon lift (core func $code "handle")))
  (instance $handlers (export "handle" (func $handle)))
  (export "bothost:bot/message@0.1.0" (instance $handlers))
  (export "bothost:bot/update@0.1.0" (instance $handlers)))
