;; expect: refused-at-upload
;; Is a component that exports nothing.
(component)
