package query

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/viewer"
)

// heartbeat is how often a silent stream of events says that it lives.
const heartbeat = 15 * time.Second

// getLive tells of commits, and of alarms where there are any, as server-sent events until the client leaves.
func (s *Service) getLive(w http.ResponseWriter, r *http.Request) error {
	if _, err := viewer.From(r.Context()); err != nil {
		return err
	}
	if s.opts.Again > 0 {
		return s.tellOnce(w, r)
	}
	l, leave := s.live.listen()
	defer leave()
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if _, err := fmt.Fprint(w, "retry: 2000\n\n"); err != nil {
		return err
	}
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	alarms := alarms{of: s.opts.Alarms}
	for {
		if err := alarms.tell(w); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-tick.C:
			if _, err := fmt.Fprint(w, ": alive\n\n"); err != nil {
				return err
			}
		case <-l.wake:
			pending := l.take()
			for _, name := range slices.Sorted(maps.Keys(pending)) {
				if err := event(w, pending[name]); err != nil {
					return err
				}
			}
		}
	}
}

// tellOnce tells of the newest commits, and when to ask again.
func (s *Service) tellOnce(w http.ResponseWriter, r *http.Request) error {
	var histories []string
	for _, d := range s.registry.Datasets() {
		histories = append(histories, d.ChangesTable())
	}
	pinned, err := s.lake.Pin(r.Context(), histories)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := fmt.Fprintf(w, "event: again\ndata: %d\n\n", s.opts.Again.Milliseconds()); err != nil {
		return err
	}
	for _, d := range s.registry.Datasets() {
		if n := pinned.Commits[d.ChangesTable()]; n > 0 {
			if err := event(w, Commit{d.Name, n, pinned.Complete[d.Name]}); err != nil {
				return err
			}
		}
	}
	return nil
}

func event(w http.ResponseWriter, c Commit) error {
	body := map[string]any{"dataset": c.Dataset, "commit": c.Number, "completeTo": nil}
	if !c.CompleteTo.IsZero() {
		body["completeTo"] = c.CompleteTo.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "event: commit\ndata: %s\n\n", text)
	return err
}
