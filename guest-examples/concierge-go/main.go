// A concierge: greets new customers, tells opening hours, offers treatments and hands over to people.
//
// A bot has nothing to do in main: the host calls what the two export packages have. Their names come from the
// contract. The bot itself is the package concierge, plain Go that knows of no host; border translates between the
// two.
package main

import _ "concierge/bindings/wit_exports"

func main() {}
