package telemetry

import (
	"encoding/json"
	"io"
	"log/slog"
	"sync"
	"time"
)

// Unit is what a measure counts, as CloudWatch names it.
type Unit string

// The units.
const (
	Count        Unit = "Count"
	Bytes        Unit = "Bytes"
	Seconds      Unit = "Seconds"
	Milliseconds Unit = "Milliseconds"
)

// Measure is one number of an event.
type Measure struct {
	Name  string
	Unit  Unit
	Value float64
}

// Millis is a duration as a measure.
func Millis(name string, d time.Duration) Measure {
	return Measure{name, Milliseconds, float64(d.Microseconds()) / 1000}
}

// Number is a count as a measure.
func Number[T int | int64](name string, n T) Measure { return Measure{name, Count, float64(n)} }

// Of is what is measured: a dimension's name and its value, such as Table and passes_changes. The values are few.
type Of struct{ Name, Value string }

// Measured is an Event that also measures something.
type Measured interface {
	Event
	// Measures returns the event's numbers, and of what they are; the zero Of: of the whole.
	Measures() (Of, []Measure)
}

// EMF is CloudWatch's Embedded Metric Format: each measured event is a line of JSON in the log, from which CloudWatch
// makes metrics. Other events leave nothing.
type EMF struct {
	Namespace   string
	Environment string // a dimension of every metric; empty: none
	Now         func() time.Time

	mu  sync.Mutex
	out io.Writer
}

// NewEMF returns an EMF that writes to out, which takes a line in one Write.
func NewEMF(out io.Writer, namespace, environment string) *EMF {
	return &EMF{Namespace: namespace, Environment: environment, Now: time.Now, out: out}
}

type emfMetric struct {
	Name string `json:"Name"`
	Unit Unit   `json:"Unit"`
}

type emfDirective struct {
	Namespace  string      `json:"Namespace"`
	Dimensions [][]string  `json:"Dimensions"`
	Metrics    []emfMetric `json:"Metrics"`
}

type emfHead struct {
	Timestamp int64          `json:"Timestamp"`
	Metrics   []emfDirective `json:"CloudWatchMetrics"`
}

// Observe implements telemetry.Observe.
func (m *EMF) Observe(e Event) {
	measured, ok := e.(Measured)
	if !ok {
		return
	}
	of, measures := measured.Measures()
	if len(measures) == 0 {
		return
	}
	msg, _ := e.Attrs()
	line := map[string]any{slog.MessageKey: msg}
	dimensions := []string{}
	for _, d := range []Of{{"Environment", m.Environment}, of} {
		if d.Name != "" && d.Value != "" {
			line[d.Name], dimensions = d.Value, append(dimensions, d.Name)
		}
	}
	about := emfDirective{Namespace: m.Namespace, Dimensions: [][]string{dimensions}}
	for _, v := range measures {
		line[v.Name], about.Metrics = v.Value, append(about.Metrics, emfMetric{v.Name, v.Unit})
	}
	line["_aws"] = emfHead{m.Now().UnixMilli(), []emfDirective{about}}
	text, err := json.Marshal(line)
	if err != nil {
		panic("a measure that JSON cannot hold: " + err.Error())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, _ = m.out.Write(append(text, '\n')) // there is nobody to tell when the log itself fails
}
