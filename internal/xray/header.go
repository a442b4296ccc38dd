package xray

import (
	"context"
	"strings"
)

// Header is what Lambda says of the trace that a call belongs to.
type Header struct {
	Root    string // the trace; empty: there is none
	Parent  string // the segment of the call
	Sampled bool
}

// From returns the header of the invocation that ctx is of: the runtime leaves it there.
func From(ctx context.Context) Header {
	text, _ := ctx.Value("x-amzn-trace-id").(string) // the runtime's own key
	return Parse(text)
}

// Parse reads a header as Root=…;Parent=…;Sampled=1. What it does not know it passes over.
func Parse(text string) (h Header) {
	for text != "" {
		var part string
		part, text, _ = strings.Cut(text, ";")
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Root":
			h.Root = value
		case "Parent":
			h.Parent = value
		case "Sampled":
			h.Sampled = value == "1"
		}
	}
	return h
}
