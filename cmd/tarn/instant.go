package main

import (
	"fmt"
	"time"
)

// instant is a flag's moment: an instant, or the beginning of a day in UTC.
type instant struct{ time.Time }

// UnmarshalText reads either form.
func (i *instant) UnmarshalText(text []byte) (err error) {
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if i.Time, err = time.Parse(form, string(text)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is neither an instant (2026-11-20T06:00:00Z) nor a day (2026-11-20)", text)
}
