// {{name}}: greets by name, says back what it is told, and counts the messages.
//
// A bot has nothing to do in main: the host calls Handle in the two export packages for each event. Their names come from the
// contract. The package bindings is made of wit/ by `bothost build`: look for it in target/bothost.
package main

import _ "bots/{{name}}/bindings/wit_exports"

func main() {}
