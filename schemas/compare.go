package schemas

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Difference is one change between two versions of a dataset.
type Difference struct {
	Field   string `json:"field"` // path in the file, such as fields.district.type
	Message string `json:"message"`
	Safe    bool   `json:"safe"` // stored data, queries and callers of the old version go on working
}

// Compare returns how a dataset differs from its last released version, in the order of the files.
func Compare(before, after *Dataset) []Difference {
	c := &comparison{}
	c.settings(before, after)
	c.fields("fields", before.Fields, after.Fields)
	c.lists(before, after)
	c.lookups(before, after)
	c.rules(before, after)
	c.lifecycle(before.Lifecycle, after.Lifecycle)
	c.identities(before, after)
	c.metrics(before.Metrics, after.Metrics)
	return c.found
}

type comparison struct{ found []Difference }

func (c *comparison) safe(path, format string, args ...any) {
	c.found = append(c.found, Difference{Field: path, Message: fmt.Sprintf(format, args...), Safe: true})
}

func (c *comparison) unsafe(path, format string, args ...any) {
	c.found = append(c.found, Difference{Field: path, Message: fmt.Sprintf(format, args...)})
}

// settings compares what places and identifies every record: another value and old files are in the wrong place.
func (c *comparison) settings(a, b *Dataset) {
	for _, s := range []struct {
		path string
		same bool
		why  string
	}{
		{"key", a.Key == b.Key, "records of the lake would no longer be recognised"},
		{"stream", a.Stream == b.Stream, "watermarks and landed batches belong to the old stream"},
		{"table", a.Table == b.Table, "the records are in the old table"},
		{"region", sameRegion(a.Region, b.Region), "rows already written stay in the old region's folder, where permissions find them"},
		{"date", a.Date == b.Date, "rows already written stay under the old date"},
		{"version", a.Version == b.Version, "requests with an old version would be taken or refused wrongly"},
		{"ttl", a.TTL == b.TTL, "records would expire at another time"},
		{"discriminator", sameDiscriminator(a.Discriminator, b.Discriminator), "records of today would go to another dataset"},
		{"zone", a.Zone.String() == b.Zone.String(), "days would begin at another hour, and old figures change"},
	} {
		if !s.same {
			c.unsafe(s.path, "is changed: %s; make a new dataset and backfill it", s.why)
		}
	}
	c.keep(a.Keep, b.Keep)
	for _, v := range b.Region.Values {
		if !slices.Contains(a.Region.Values, v) {
			c.safe("region", "the region %q is new", v)
		}
	}
	for _, v := range a.Region.Values {
		if !slices.Contains(b.Region.Values, v) {
			c.unsafe("region", "the region %q is gone; rows and permissions name it", v)
		}
	}
}

// keep compares how long histories stay: what a shorter time drops never comes back.
func (c *comparison) keep(a, b time.Duration) {
	days := func(d time.Duration) string { return strconv.Itoa(int(d / (24 * time.Hour))) }
	switch {
	case a == b:
	case b == 0:
		c.safe("history.keep", "is gone; changes stay for ever from now on")
	case a == 0:
		c.unsafe("history.keep", "is new: changes older than %s days are dropped from the history for good; look at `tarn retain --dry-run`, and take a backup first", days(b))
	case b < a:
		c.unsafe("history.keep", "is shortened from %s to %s days: changes older than that are dropped from the history for good; look at `tarn retain --dry-run`, and take a backup first", days(a), days(b))
	default:
		c.safe("history.keep", "is %s days instead of %s; what was dropped does not come back", days(b), days(a))
	}
}

func sameRegion(a, b Region) bool {
	return a.From == b.From && a.Field == b.Field && a.Lookup == b.Lookup && a.Column == b.Column && a.Value == b.Value &&
		a.Lower == b.Lower && a.Unknown == b.Unknown
}

func sameDiscriminator(a, b *Discriminator) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Attribute == b.Attribute && slices.Equal(a.Values, b.Values)
}

func (c *comparison) lists(a, b *Dataset) {
	c.names("track", a.Track, b.Track, "its column old_<field> is gone")
	c.names("indexes", indexes(a), indexes(b), "lists that use it stop working")
	c.names("lifecycle.transitions", transitions(a), transitions(b), "callers that take it are refused")
	if !slices.Equal(a.Sort, b.Sort) {
		c.safe("sort", "is changed; files written from now on are sorted anew")
	}
}

func (c *comparison) names(path string, a, b []string, why string) {
	for _, n := range a {
		if !slices.Contains(b, n) {
			c.unsafe(path, "%q is gone: %s", n, why)
		}
	}
	for _, n := range b {
		if !slices.Contains(a, n) {
			c.safe(path, "%q is new", n)
		}
	}
}

func (c *comparison) metrics(a, b []Metric) {
	for i := range a {
		at := slices.IndexFunc(b, func(m Metric) bool { return m.Name == a[i].Name })
		if at < 0 {
			c.unsafe("metrics."+a[i].Name, "is gone; dashboards, reports and saved queries name it")
			continue
		}
		measures, dimensions := a[i].names()
		newMeasures, newDimensions := b[at].names()
		c.parts("metrics."+a[i].Name+".measures.", measures, newMeasures)
		c.parts("metrics."+a[i].Name+".dimensions.", dimensions, newDimensions)
		c.metric("metrics."+a[i].Name, &a[i], &b[at])
	}
	for i := range b {
		if !slices.ContainsFunc(a, func(m Metric) bool { return m.Name == b[i].Name }) {
			c.safe("metrics."+b[i].Name, "is new")
		}
	}
}

// parts is names where each name is a place of its own.
func (c *comparison) parts(path string, a, b []string) {
	for _, n := range a {
		if !slices.Contains(b, n) {
			c.unsafe(path+n, "is gone; dashboards, reports and saved queries name it")
		}
	}
	for _, n := range b {
		if !slices.Contains(a, n) {
			c.safe(path+n, "is new")
		}
	}
}

func indexes(d *Dataset) []string {
	var out []string
	for _, x := range d.Indexes {
		out = append(out, fmt.Sprintf("%s(%s, %s)", x.Name, x.Partition, x.Sort))
	}
	return out
}

func transitions(d *Dataset) []string {
	var out []string
	if d.Lifecycle != nil {
		for _, t := range d.Lifecycle.Transitions {
			out = append(out, t.Name)
		}
	}
	return out
}
