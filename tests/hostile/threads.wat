;; expect: refused-at-upload
;; Has a shared memory and uses it atomically. No linker makes a component of it, so it is wrapped by hand.
(component
  (core module
    (memory 4 4 shared)
    (func (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))))
