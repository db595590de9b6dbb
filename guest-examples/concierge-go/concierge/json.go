package concierge

import (
	"cmp"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"strings"
)

// depthMax is how deep a text may be nested. Go itself reads on to 10,000, but each level takes a piece of the
// stack, and in WebAssembly the stack does not grow.
const depthMax = 127

var (
	errDepth = errors.New("nested too deep")
	errNull  = errors.New("null, where something must be")
	errNone  = errors.New("no object, or more than one")
)

// members reads a JSON object member by member. A struct with tags would be shorter, but Go studies its type before the first
// use, which takes longer than the rest of a turn, and for a bot that lives for one event each use is the first.
func members(text string, read func(name, value string) error) error {
	if err := checkDepth(text); err != nil {
		return err
	}
	decoder := jsontext.NewDecoder(strings.NewReader(text))
	if token, err := decoder.ReadToken(); err != nil {
		return err
	} else if token.Kind() != jsontext.KindBeginObject {
		return errNone
	}
	for decoder.PeekKind() == jsontext.KindString {
		token, err := decoder.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		value, err := decoder.ReadValue()
		if err != nil {
			return err
		}
		if err := read(name, string(value)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if _, err := decoder.ReadToken(); err != nil { // the object's end
		return err
	}
	if _, err := decoder.ReadToken(); err != io.EOF {
		return cmp.Or(err, errNone)
	}
	return nil
}

// read reads JSON into value, whose fields keep what they have where the text does not name them. It is stricter
// than Go, which takes a null for the zero value: an empty name, say.
func read(text string, value any) error {
	if err := checkDepth(text); err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), value, noNulls)
}

func checkDepth(text string) error {
	decoder := jsontext.NewDecoder(strings.NewReader(text))
	for {
		if _, err := decoder.ReadToken(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if decoder.StackDepth() > depthMax {
			return errDepth
		}
	}
}

var noNulls = json.WithUnmarshalers(json.UnmarshalFromFunc(func(decoder *jsontext.Decoder, value any) error {
	if decoder.PeekKind() == jsontext.KindNull {
		switch value.(type) {
		case **string, **uint64, *any: // these may be nothing
		default:
			return errNull
		}
	}
	return errors.ErrUnsupported // go on the usual way
}))
