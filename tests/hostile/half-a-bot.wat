;; expect: refused-at-upload
;; Exports an interface of the right name and without its function.
(component
  (instance $empty)
  (export "bothost:bot/message@0.1.0" (instance $empty))
  (export "bothost:bot/update@0.1.0" (instance $empty)))
