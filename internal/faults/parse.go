package faults

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Parse reads a plan: a rule a line, <step> <key or -> <which> <what> [kind or time]. Which is a number, a range such as
// 3-5, or %10 for each tenth. Empty lines and what follows a # are passed over.
//
//	file.put      landing/*  3-5  fail transient   # three puts of landed objects are refused
//	file.list     -          %4   tear
//	table.publish -          2    kill
//	feed.read     -          %7   again
//
// The error is Invalid and names every bad line.
func Parse(text string) (Plan, error) {
	var p Plan
	var bad []fault.Field
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		r, why := parseRule(words)
		if why != "" {
			bad = append(bad, fault.Field{Name: "line " + strconv.Itoa(i+1), Message: why, Line: i + 1})
			continue
		}
		p.Rules = append(p.Rules, r)
	}
	if bad != nil {
		return Plan{}, fault.WithFields("the fault plan cannot be read", bad)
	}
	return p, nil
}

var whats = []What{Fail, Lose, Slow, Kill, Tear, Again, Cut, Jump}

func parseRule(words []string) (r Rule, why string) {
	if len(words) < 4 {
		return r, "want <step> <key or -> <which> <what> [kind or time]"
	}
	r = Rule{Step: words[0], What: What(words[3])}
	if words[1] != "-" {
		r.Key = words[1]
	}
	if _, err := path.Match(r.Key, ""); err != nil {
		return r, "the key " + strconv.Quote(r.Key) + " is no pattern"
	}
	if why := r.which(words[2]); why != "" {
		return r, why
	}
	if !slices.Contains(whats, r.What) {
		return r, strconv.Quote(words[3]) + " is none of fail, lose, slow, kill, tear, again, cut, jump"
	}
	return r, r.argument(words[4:])
}

func (r *Rule) which(text string) (why string) {
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			why = strconv.Quote(text) + " is not a number from 1 on"
		}
		return n
	}
	if every, ok := strings.CutPrefix(text, "%"); ok {
		r.Every = number(every)
		return why
	}
	from, to, ranged := strings.Cut(text, "-")
	r.From = number(from)
	if ranged {
		if r.To = number(to); why == "" && r.To <= r.From {
			why = "the range " + text + " ends before it begins"
		}
	}
	return why
}

func (r *Rule) argument(words []string) (why string) {
	timed := r.What == Slow || r.What == Jump
	switch {
	case len(words) > 1 || len(words) == 1 && !timed && r.What != Fail:
		return strconv.Quote(words[len(words)-1]) + " is one word too many"
	case len(words) == 0 && timed:
		return "how long? give a time such as 20ms or -1h"
	case len(words) == 0 && r.What == Fail:
		r.Kind = fault.Transient
	case r.What == Fail:
		if r.Kind = fault.Named(words[0]); r.Kind.String() != words[0] {
			return strconv.Quote(words[0]) + " is no kind of error; give one such as transient, full, read-only, denied, internal"
		}
	case timed:
		d, err := time.ParseDuration(words[0])
		if err != nil || r.What == Slow && d < 0 {
			return strconv.Quote(words[0]) + " is not a time such as 20ms"
		}
		r.For = d
	}
	return ""
}
