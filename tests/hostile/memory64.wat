;; expect: refused-at-upload
;; Has a memory of 64-bit addresses. It is wrapped by hand: with a 32-bit memory for the contract beside it, it would be
;; refused for having two.
(component
  (core module
    (memory i64 1)
    (func (drop (i32.load (i64.const 8))))))
