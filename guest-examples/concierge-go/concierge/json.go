package concierge

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"io"
	"strings"
)

// depthMax is how deep a text may be nested. Go itself reads on to 10,000, but each level takes a piece of the
// stack, and in WebAssembly the stack does not grow.
const depthMax = 127

var (
	errDepth = errors.New("nested too deep")
	errNull  = errors.New("null, where something must be")
)

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
