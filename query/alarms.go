package query

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// alarms is what a listener was told last of what people should look at.
type alarms struct {
	of   func() []string
	told []string
}

// tell writes an event where there is something new, and one with nothing where all is well again.
func (a *alarms) tell(w io.Writer) error {
	if a.of == nil {
		return nil
	}
	now := a.of()
	if slices.Equal(now, a.told) {
		return nil
	}
	text, err := json.Marshal(append([]string{}, now...))
	if err != nil {
		return fmt.Errorf("write the alarms: %w", err)
	}
	a.told = slices.Clone(now)
	_, err = fmt.Fprintf(w, "event: alarms\ndata: %s\n\n", text)
	return err
}
