package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/stream"
)

// staleAfter is the age of data from which on the machine calls itself unhealthy: twenty commits, if the settings do not
// say otherwise.
const staleAfter = 10 * time.Second

func (n *Node) staleAfter() time.Duration {
	if n.settings.StaleAfter > 0 {
		return n.settings.StaleAfter
	}
	return staleAfter
}

// health is what /healthz says: how old the data is, and nothing about processes.
type health struct {
	Status   string                `json:"status"` // ok, starting, stale
	Version  string                `json:"version"`
	Datasets map[string]datasetAge `json:"datasets"`

	// What people should look at although the data may be fresh.
	Holes       int      `json:"holes"`       // ranges of changes that are missing
	Quarantined int64    `json:"quarantined"` // records that could not be decoded
	Alarms      []string `json:"alarms,omitempty"`
}

type datasetAge struct {
	CompleteTo time.Time `json:"completeTo,omitzero"`
	AgeSeconds float64   `json:"ageSeconds"`
}

func (n *Node) health() health {
	h := health{Status: "ok", Version: n.opts.Version, Datasets: map[string]datasetAge{}}
	now := time.Now()
	for _, d := range n.registry.Datasets() {
		p := n.progress[d.Stream]
		if p == nil {
			continue
		}
		at := p.Complete()
		switch {
		case at.IsZero():
			h.Status = "starting"
			h.Datasets[d.Name] = datasetAge{}
			continue
		case now.Sub(at) > n.staleAfter() && h.Status == "ok":
			h.Status = "stale"
		}
		if now.Sub(at) > n.staleAfter() {
			h.alarm("the data of %s is %s old", d.Name, now.Sub(at).Truncate(time.Second))
		}
		h.Datasets[d.Name] = datasetAge{CompleteTo: at.UTC().Truncate(time.Millisecond), AgeSeconds: now.Sub(at).Seconds()}
	}
	n.missing(&h)
	ctx, cancel := context.WithTimeout(context.Background(), healthWithin)
	defer cancel()
	n.silent(ctx, &h)
	return h
}

// missing says what is not in the lake, however fresh the rest is.
func (n *Node) missing(h *health) {
	ctx, cancel := context.WithTimeout(context.Background(), healthWithin)
	defer cancel()
	open, err := n.openHoles(ctx)
	if err != nil {
		h.alarm("it is not known which holes are open: %v", err)
	}
	if h.Holes = len(open); h.Holes > 0 {
		h.alarm("%d holes are open: changes are missing from the lake; `tarn holes` lists them", h.Holes)
	}
	parked, err := n.quarantine.Snapshot(ctx)
	if err != nil {
		h.alarm("it is not known what is in quarantine: %v", err)
		return
	}
	if h.Quarantined = parked.Rows; h.Quarantined > 0 {
		h.alarm("%d records are in quarantine; `tarn quarantine list` shows them", h.Quarantined)
	}
}

func (h *health) alarm(format string, args ...any) {
	h.Alarms = append(h.Alarms, fmt.Sprintf(format, args...))
}

// healthWithin is how long a look at the lake may take before its health is given without it.
const healthWithin = 2 * time.Second

func (n *Node) serveHealth(w http.ResponseWriter, _ *http.Request) {
	h := n.health()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if h.Status != "ok" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(h) // whoever asked has gone
}

// meters is what /metrics counts.
type meters struct {
	registry  *prometheus.Registry
	commits   *prometheus.CounterVec
	rows      *prometheus.CounterVec
	seconds   prometheus.Histogram
	retries   prometheus.Counter
	trimmed   prometheus.Counter
	compacted *prometheus.CounterVec
	rejected  *prometheus.CounterVec
	requests  *prometheus.HistogramVec
}

func newMeters(n *Node) *meters {
	m := &meters{
		registry:  prometheus.NewRegistry(),
		commits:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tarn_commits_total", Help: "Commits that brought rows."}, []string{"table"}),
		rows:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tarn_committed_rows_total", Help: "Rows that commits brought."}, []string{"table"}),
		seconds:   prometheus.NewHistogram(prometheus.HistogramOpts{Name: "tarn_commit_seconds", Help: "Time of a round of commits.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 10)}),
		retries:   prometheus.NewCounter(prometheus.CounterOpts{Name: "tarn_stream_retries_total", Help: "Reads and landings that were tried again."}),
		trimmed:   prometheus.NewCounter(prometheus.CounterOpts{Name: "tarn_stream_trimmed_total", Help: "Times that records were trimmed before they were read."}),
		compacted: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tarn_compacted_files_total", Help: "Files that compaction replaced."}, []string{"table"}),
		rejected:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tarn_rejected_applications_total", Help: "Applications refused at the door."}, []string{"reason"}),
		requests:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "tarn_http_request_seconds", Help: "Time of HTTP requests.", Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 10)}, []string{"area", "status"}),
	}
	m.registry.MustRegister(m.commits, m.rows, m.seconds, m.retries, m.trimmed, m.compacted, m.rejected, m.requests,
		ages{n}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *meters) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// observe counts events of background work.
func (m *meters) observe(e telemetry.Event) {
	switch e := e.(type) {
	case stream.Retried:
		m.retries.Inc()
	case stream.Trimmed:
		m.trimmed.Inc()
	case compact.Compacted:
		m.compacted.WithLabelValues(e.Table).Add(float64(e.In))
	}
}

// ages collects the age of each dataset's data at the moment it is asked for.
type ages struct{ n *Node }

var ageDesc = prometheus.NewDesc("tarn_data_age_seconds", "Age of the newest instant that the data is complete to.", []string{"dataset"}, nil)

var alarmDesc = prometheus.NewDesc("tarn_alarms", "Things that people should look at, as /healthz lists them.", nil, nil)

// Describe sends the descriptions.
func (a ages) Describe(c chan<- *prometheus.Desc) { c <- ageDesc; c <- alarmDesc }

// Collect sends the number of alarms, and an age for each dataset that has one.
func (a ages) Collect(c chan<- prometheus.Metric) {
	h := a.n.health()
	c <- prometheus.MustNewConstMetric(alarmDesc, prometheus.GaugeValue, float64(len(h.Alarms)))
	for name, d := range h.Datasets {
		if !d.CompleteTo.IsZero() {
			c <- prometheus.MustNewConstMetric(ageDesc, prometheus.GaugeValue, d.AgeSeconds, name)
		}
	}
}
