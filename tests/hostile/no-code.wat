;; expect: refused-at-upload
;; Is a component with an empty core module in it and nothing else.
(component
  (core module))
