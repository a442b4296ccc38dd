package schemas

import (
	"slices"
	"strconv"
)

// metric compares what figures mean: an answer that was given yesterday must be given tomorrow.
func (c *comparison) metric(path string, a, b *Metric) {
	for _, s := range []struct {
		key  string
		same bool
	}{
		{"source", a.Source == b.Source}, {"view", a.View == b.View}, {"time", a.Time == b.Time},
		{"filter", a.Filter == b.Filter}, {"whole", a.Whole == b.Whole},
	} {
		if !s.same {
			c.unsafe(path+"."+s.key, "is changed, and with it figures of the past; give the new meaning a name of its own")
		}
	}
	for _, d := range a.Dimensions {
		at := slices.IndexFunc(b.Dimensions, func(x Dimension) bool { return x.Name == d.Name })
		if at >= 0 && (b.Dimensions[at].Column != d.Column || b.Dimensions[at].Hour != d.Hour) {
			c.unsafe(path+".dimensions."+d.Name, "is taken from something else, and figures of the past split differently; give it another name")
		}
	}
	for _, m := range a.Measures {
		at := slices.IndexFunc(b.Measures, func(x Measure) bool { return x.Name == m.Name })
		if at >= 0 && !sameMeasure(m, b.Measures[at]) {
			c.unsafe(path+".measures."+m.Name, "counts something else, and figures of the past change; give it another name")
		}
	}
}

func sameMeasure(a, b Measure) bool {
	return a.Agg == b.Agg && a.Of == b.Of && a.Per == b.Per && a.P == b.P && a.Where == b.Where && a.From == b.From && a.Until == b.Until
}

// lookups compares the code lists that stored values are looked up in: a code that is gone, or that now lies in another
// region, leaves rows behind where nobody looks for them.
func (c *comparison) lookups(a, b *Dataset) {
	for _, f := range a.Fields {
		now, ok := b.Field(f.Name)
		if !ok || f.CodeList == "" || f.Type == Enum { // an enum's codes are compared as such
			continue
		}
		if now.CodeList != f.CodeList {
			if now.CodeList != "" {
				c.unsafe("fields."+f.Name+".codeList", "is changed from %s to %s; values of today may not be in it", f.CodeList, now.CodeList)
			}
			continue
		}
		old, after := a.Lists[f.CodeList], b.Lists[f.CodeList]
		if old != nil && after != nil {
			c.names("fields."+f.Name+".codeList", old.Codes(), after.Codes(), "records of today hold it")
		}
	}
	old, now := a.Lists[a.Region.Lookup], b.Lists[b.Region.Lookup]
	if old == nil || now == nil || a.Region.Column != b.Region.Column {
		return
	}
	for _, code := range old.Codes() {
		was, _ := old.Value(code, a.Region.Column)
		if is, ok := now.Value(code, b.Region.Column); ok && is != was {
			c.unsafe("region", "the code %q moves from %q to %q; its rows stay in the old region, where permissions find them", code, was, is)
		}
	}
}

// identities compares the field ids of the lock files: files are read by them.
func (c *comparison) identities(a, b *Dataset) {
	for _, table := range keys(a.IDs) {
		now, ok := b.IDs[table]
		if !ok {
			c.unsafe("lock."+table, "is gone; files of today are read by the ids in it, so restore it from version control")
			continue
		}
		for _, path := range keys(a.IDs[table]) {
			id := a.IDs[table][path]
			if other, ok := now[path]; ok && other != id {
				c.unsafe("lock."+table+"."+path, "is changed from %s to %s; files of today would be read wrongly, so restore it from version control", strconv.Itoa(id), strconv.Itoa(other))
			}
		}
	}
}

func (c *comparison) rules(a, b *Dataset) {
	for _, now := range b.Rules {
		at := slices.IndexFunc(a.Rules, func(r Rule) bool { return r.Name == now.Name })
		switch {
		case at < 0 && !now.Strict:
			c.unsafe("rules."+now.Name, "is new; requests that are good today may be refused, so make it strict first and see what it counts")
		case at < 0:
			c.safe("rules."+now.Name, "is new, and enforced in the strict profile only")
		case a.Rules[at].When != now.When || a.Rules[at].Then != now.Then || a.Rules[at].Strict && !now.Strict:
			c.unsafe("rules."+now.Name, "is changed; requests that are good today may be refused, so add a new rule that is strict")
		}
	}
	for _, old := range a.Rules {
		if !slices.ContainsFunc(b.Rules, func(r Rule) bool { return r.Name == old.Name }) {
			c.safe("rules."+old.Name, "is gone; what it refused is accepted")
		}
	}
}

func (c *comparison) lifecycle(a, b *Lifecycle) {
	switch {
	case a == nil && b == nil:
	case a == nil:
		c.unsafe("lifecycle", "is new; callers that set the status themselves are refused")
	case b == nil:
		c.unsafe("lifecycle", "is gone; callers that take its transitions are refused")
	case a.Field != b.Field || a.Initial != b.Initial:
		c.unsafe("lifecycle", "begins elsewhere: %s = %s instead of %s = %s; records of today are in states that it may not know", b.Field, b.Initial, a.Field, a.Initial)
	default:
		for _, t := range a.Transitions {
			at := slices.IndexFunc(b.Transitions, func(x Transition) bool { return x.Name == t.Name })
			if at < 0 {
				continue // said with the names
			}
			now := b.Transitions[at]
			lacks := func(have, want []string) bool {
				return slices.ContainsFunc(want, func(s string) bool { return !slices.Contains(have, s) })
			}
			if now.To != t.To || lacks(now.From, t.From) || lacks(now.Roles, t.Roles) {
				c.unsafe("lifecycle.transitions."+t.Name, "is narrower or leads elsewhere; callers that take it are refused or end in another state")
			}
		}
	}
}
